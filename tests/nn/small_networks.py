"""One small network of every family and of every option, to be put through what PyTorch does with modules."""

from __future__ import annotations

from typing import Any

from torch import nn

from resnetlab.nn import build
from resnetlab.specs import find_spec
from resnetlab.specs.parts import SHORTCUTS

THREE_BLOCKS: dict[str, Any] = {"width": 8, "depths": "1/1/1"}
FOUR_BLOCKS: dict[str, Any] = {"width": 16, "depths": "1/1/1/1", "num_classes": 10}

SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"shortcut {name}": ("resnet20", {**THREE_BLOCKS, "shortcut": name}) for name in SHORTCUTS},
    "pre-activation": ("preact_resnet110", THREE_BLOCKS),
    "without norm": ("resnet20", {**THREE_BLOCKS, "norm": "none"}),
    "SkipInit": ("preact_resnet110", {**THREE_BLOCKS, "norm": "none", "skip_init": True}),
    "stochastic depth": ("resnet20", {**THREE_BLOCKS, "drop_path": 0.5}),
    "dropout": ("wrn16_4", {**THREE_BLOCKS, "dropout": 0.3, "head_dropout": 0.2}),
    "resnet18": ("resnet18", FOUR_BLOCKS),
    "resnet50, v1": ("resnet50", {**FOUR_BLOCKS, "stride_in": "1x1"}),
    "resnext50_32x4d": ("resnext50_32x4d", FOUR_BLOCKS),
    "seresnet50": ("seresnet50", FOUR_BLOCKS),
    "resnet50d": ("resnet50d", FOUR_BLOCKS),
    "resnetv2_50": ("resnetv2_50", FOUR_BLOCKS),
    "regnet_y_400mf": ("regnet_y_400mf", {"depths": "1/1/1/1", "num_classes": 10}),
    "vgg11_bn": ("vgg11_bn", {"widths": "4/6/8/8/8", "hidden": 16, "num_classes": 10}),
    "densenet121": ("densenet121", {"depths": "2/2/2/2", "growth": 8, "num_classes": 10}),
    "efficientnet_b0": ("efficientnet_b0", {"depths": "1/1/1/1/1/1/1", "head_width": 64, "num_classes": 10}),
}


def small_network(name: str) -> nn.Module:
    row, fields = SMALL[name]
    return build(find_spec(row).with_fields(**fields))
