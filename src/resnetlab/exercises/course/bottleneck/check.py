"""What is looked at: output, parameters, gradients, running averages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from resnetlab.exercises.filling import fill, parameter_count, running_statistics
from resnetlab.exercises.given import mode_of
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "in_channels": (8, 4, 3, 16),
    "width": (2, 1, 4),
    "stride": (1, 2),
    "height": (4, 5, 3),
    "width of x": (4, 5, 6),
    "training": (True, False),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    made = answer.Bottleneck(case["in_channels"], case["width"], case["stride"])
    block = fill(observation.module("block", made), case["seed"]).train(case["training"])
    x = drawn(case, "x", 2, case["in_channels"], case["height"], case["width of x"]).requires_grad_()
    y = observation.tensor("y", block(x))
    observation.output("y", y)
    observation.output("number of parameters", parameter_count(block))
    observation.buffers("running averages, sorted", running_statistics(block))
    observation.gradients(y, x=x)


def library() -> SimpleNamespace:
    from resnetlab.nn import BottleneckBlock

    return SimpleNamespace(Bottleneck=BottleneckBlock)


def told(case: Case) -> str:
    shape = f"2, {case['in_channels']}, {case['height']}, {case['width of x']}"
    return f"x ({shape}), width {case['width']}, stride {case['stride']}, {mode_of(case)}"


EACH_CHANGE = (
    {"in_channels": 8, "width": 2, "stride": 1, "training": True},
    {"in_channels": 4, "width": 2, "stride": 1, "training": False},
    {"in_channels": 8, "width": 2, "stride": 2, "training": True},
)
CHECK = Check(SPACE, probe, library, always=EACH_CHANGE, trials=12, told=told, tolerance=1e-3)
