"""What is looked at: output, parameters, running averages, gradient of x."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch import nn

from resnetlab.exercises.filling import fill, parameter_count, running_statistics
from resnetlab.exercises.given import mode_of
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "in_channels": (1, 2, 4),
    "out_channels": (1, 2, 4),
    "stride": (1, 2, 3),
    "height": (4, 5, 7),
    "width": (4, 6, 7),
    "training": (True, False),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    made = answer.make_shortcut(case["in_channels"], case["out_channels"], case["stride"])
    shortcut = fill(observation.module("shortcut", made), case["seed"]).train(case["training"])
    x = drawn(case, "x", 2, case["in_channels"], case["height"], case["width"]).requires_grad_()
    y = observation.tensor("y", shortcut(x))
    observation.output("y", y)
    observation.output("number of parameters", parameter_count(shortcut))
    observation.buffers("running averages, sorted", running_statistics(shortcut))
    observation.gradients(y, x=x)


def library() -> SimpleNamespace:
    from resnetlab.nn.shortcuts import make_downsample
    from resnetlab.specs.parts import Basic, Projection

    def make_shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
        return make_downsample(Projection(), Basic(), in_channels, out_channels, stride) or nn.Identity()

    return SimpleNamespace(make_shortcut=make_shortcut)


def told(case: Case) -> str:
    shape = f"2, {case['in_channels']}, {case['height']}, {case['width']}"
    return f"x ({shape}), {case['out_channels']} channels out, stride {case['stride']}, {mode_of(case)}"


EACH_CHANGE = (
    {"in_channels": 2, "out_channels": 2, "stride": 1},
    {"in_channels": 2, "out_channels": 2, "stride": 2, "training": True},
    {"in_channels": 1, "out_channels": 2, "stride": 1, "training": True},
    {"in_channels": 2, "out_channels": 4, "stride": 2, "training": False},
)
CHECK = Check(SPACE, probe, library, always=EACH_CHANGE, trials=16, told=told, tolerance=1e-3)
