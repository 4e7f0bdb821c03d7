"""What is looked at: logits, parameters at full width, running averages, gradient of the images."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from resnetlab.exercises.filling import fill, parameter_count, running_statistics
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (2, 3),
    "size": (64, 75),
    "width": (2, 4),
    "classes": (2, 10),
    "training": (False, True),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    model = observation.module("network", answer.ResNet50(case["classes"], case["width"]))
    fill(model, case["seed"]).double().train(case["training"])
    images = drawn(case, "images", case["images"], 3, case["size"], case["size"]).double().requires_grad_()
    logits = observation.tensor("logits", model(images))
    observation.output("logits", logits)
    observation.output("number of parameters", parameter_count(model))
    observation.buffers("running averages, sorted", running_statistics(model))
    observation.gradients(logits, images=images)
    with torch.device("meta"):
        observation.output("number of parameters of ResNet50()", parameter_count(answer.ResNet50()))


def library() -> SimpleNamespace:
    from resnetlab.nn import build
    from resnetlab.specs.zoo import RESNET50

    def make(classes: int = 1000, width: int = 64) -> nn.Module:
        stem, widths = replace(RESNET50.stem, width=width), (width, 2 * width, 4 * width, 8 * width)
        return build(RESNET50.but(num_classes=classes, stem=stem, widths=widths), torch.empty(0).device)

    return SimpleNamespace(ResNet50=make)


def told(case: Case) -> str:
    shape = f"{case['images']}, 3, {case['size']}, {case['size']}"
    mode = "training" if case["training"] else "evaluation"
    return f"images ({shape}), width {case['width']}, {case['classes']} classes, {mode}"


BOTH_MODES = ({"training": True}, {"training": False})
CHECK = Check(SPACE, probe, library, always=BOTH_MODES, trials=3, told=told)
