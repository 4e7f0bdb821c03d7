"""The laboratory of residual networks.

Everything public is here; what needs PyTorch is imported when it is first asked for.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resnetlab.actions.audit import audit as audit
    from resnetlab.actions.diagnose import diagnose as diagnose
    from resnetlab.actions.evaluate import evaluate as evaluate
    from resnetlab.actions.finetune import finetune as finetune
    from resnetlab.actions.inspect_data import inspect_data as inspect_data
    from resnetlab.actions.predict import predict as predict
    from resnetlab.actions.train import train as train
    from resnetlab.core.errors import ResnetlabError as ResnetlabError
    from resnetlab.experiments.demos import batchnorm_effect_demo as batchnorm_effect_demo
    from resnetlab.experiments.demos import check_residual_gradient as check_residual_gradient
    from resnetlab.experiments.demos import layer_activation_stats as layer_activation_stats
    from resnetlab.experiments.demos import vanishing_gradient_demo as vanishing_gradient_demo
    from resnetlab.experiments.lab import report as report
    from resnetlab.experiments.lab import run_lab as run_lab
    from resnetlab.nn import BasicBlock as BasicBlock
    from resnetlab.nn import BottleneckBlock as BottleneckBlock
    from resnetlab.nn import ResidualBlock as ResidualBlock
    from resnetlab.nn import build as build
    from resnetlab.specs import list_models as list_models
    from resnetlab.weights import create_model as create_model
    from resnetlab.weights import resnet18 as resnet18
    from resnetlab.weights import resnet34 as resnet34
    from resnetlab.weights import resnet50 as resnet50
    from resnetlab.weights import resnet101 as resnet101
    from resnetlab.weights import resnet152 as resnet152

__version__ = version("resnetlab")

_ROOMS = {
    "actions.audit": ("audit",),
    "actions.diagnose": ("diagnose",),
    "actions.evaluate": ("evaluate",),
    "actions.finetune": ("finetune",),
    "actions.inspect_data": ("inspect_data",),
    "actions.predict": ("predict",),
    "actions.train": ("train",),
    "core.errors": ("ResnetlabError",),
    "experiments.demos": (
        "batchnorm_effect_demo",
        "check_residual_gradient",
        "layer_activation_stats",
        "vanishing_gradient_demo",
    ),
    "experiments.lab": ("report", "run_lab"),
    "nn": ("BasicBlock", "BottleneckBlock", "ResidualBlock", "build"),
    "specs": ("list_models",),
    "weights": ("create_model", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
}
_PUBLIC_ROOMS = ("analysis", "weights")
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *sorted(_ROOM_OF)]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC_ROOMS:
        return importlib.import_module(f"resnetlab.{name}")
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'resnetlab' has no attribute {name!r}")
    return getattr(importlib.import_module(f"resnetlab.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
