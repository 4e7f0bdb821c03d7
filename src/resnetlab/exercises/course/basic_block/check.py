"""What is looked at: output, parameters, running averages, the mode afterwards, gradients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from resnetlab.exercises.filling import fill, parameter_count, parameter_gradients, running_statistics
from resnetlab.exercises.given import BOTH_MODES, mode_of
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (2, 3),
    "channels": (1, 2, 3, 8),
    "height": (2, 3, 5),
    "width": (2, 4, 6),
    "training": (True, False),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    c = case["channels"]
    block = fill(observation.module("block", answer.BasicBlock(c)), case["seed"]).train(case["training"])
    leaf = drawn(case, "x", case["images"], c, case["height"], case["width"]).requires_grad_()
    x = leaf * 1  # as in a network, where x is no leaf and can be overwritten
    y = observation.tensor("y", block(x))
    observation.output("y", y)
    observation.output("number of parameters", parameter_count(block))
    observation.buffers("running averages, sorted", running_statistics(block))
    observation.mode("in training after a pass", block.training)
    observation.gradients(y, x=leaf)
    y = block(leaf * 1)
    (y * y).sum().backward()
    observation.gradient("norms of the parameters' gradients, sorted", parameter_gradients(block))


def library() -> SimpleNamespace:
    from resnetlab.nn import BasicBlock

    return SimpleNamespace(BasicBlock=lambda channels: BasicBlock(channels, channels))


def told(case: Case) -> str:
    shape = f"{case['images']}, {case['channels']}, {case['height']}, {case['width']}"
    return f"x ({shape}), {mode_of(case)}"


CHECK = Check(SPACE, probe, library, always=BOTH_MODES, trials=8, told=told, tolerance=1e-3)
