"""What is looked at of a whole network: logits, parameters at full width, running averages, gradient of the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from resnetlab.exercises.filling import fill, parameter_count, running_statistics, shapes_only
from resnetlab.exercises.observation import Case, Check, Observation, drawn

BOTH_MODES = ({"training": True}, {"training": False})


def network_check(asked: str, row: str, sizes: tuple[int, ...], widths: tuple[int, ...], trials: int) -> Check:
    """The check of a network that is made by its number of classes and its width.

    Args:
        asked: the name that a learner defines.
        row: of the zoo, which it must equal at any width.
        sizes: sides of the images, pixels.
        widths: of the first stage.
        trials: random cases.
    """
    space = {"images": (2, 3), "size": sizes, "width": widths, "classes": (2, 10), "training": (False, True)}

    def library() -> SimpleNamespace:
        return SimpleNamespace(**{asked: _maker(row)})

    return Check(space, _probe(asked), library, always=BOTH_MODES, trials=trials, told=_told, pairs=False)


def _probe(asked: str) -> Callable[[Any, Case, Observation], None]:
    def probe(answer: Any, case: Case, observation: Observation) -> None:
        make = getattr(answer, asked)
        model = observation.module("network", make(case["classes"], case["width"]))
        fill(model, case["seed"]).double().train(case["training"])
        images = drawn(case, "images", case["images"], 3, case["size"], case["size"]).double().requires_grad_()
        logits = observation.tensor("logits", model(images))
        observation.output("logits", logits)
        observation.output("number of parameters", parameter_count(model))
        observation.buffers("running averages, sorted", running_statistics(model))
        observation.gradients(logits, images=images)
        with shapes_only():
            observation.output(f"number of parameters of {asked}()", parameter_count(make()))

    return probe


def _maker(row: str) -> Callable[..., nn.Module]:
    from resnetlab.nn import build
    from resnetlab.specs import ZOO
    from resnetlab.specs.network import NetworkSpec

    spec = ZOO[row]
    assert isinstance(spec, NetworkSpec)

    def make(classes: int = spec.num_classes, width: int = spec.stem.width) -> nn.Module:
        widths = tuple(width * 2**stage for stage in range(len(spec.stages.widths)))
        changed = spec.but(num_classes=classes, stem=replace(spec.stem, width=width), widths=widths)
        return build(changed, torch.empty(0).device)

    return make


def _told(case: Case) -> str:
    shape = f"{case['images']}, 3, {case['size']}, {case['size']}"
    mode = "training" if case["training"] else "evaluation"
    return f"images ({shape}), width {case['width']}, {case['classes']} classes, {mode}"
