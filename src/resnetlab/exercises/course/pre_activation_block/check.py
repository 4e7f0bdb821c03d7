"""What is looked at: parameters, output, gradients of x, and what became of the running averages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from resnetlab.exercises.filling import fill, parameter_count, running_statistics
from resnetlab.exercises.given import mode_of
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (2, 3),
    "in_channels": (2, 3),
    "channels": (2, 3, 4),
    "stride": (1, 2),
    "height": (3, 4, 6),
    "width": (3, 5),
    "training": (False, True),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    given = (case["in_channels"], case["channels"], case["stride"])
    block = observation.module("block", answer.PreActivationBlock(*given))
    fill(block, case["seed"])
    block.train(case["training"])
    observation.output("parameters", parameter_count(block))
    leaf = drawn(case, "x", case["images"], case["in_channels"], case["height"], case["width"]).requires_grad_()
    x = leaf * 1  # as in a network, where x is no leaf and can be overwritten
    before = x.detach().clone()
    y = observation.tensor("y", block(x))
    observation.output("y", y)
    observation.output("x is as it was", bool((x.detach() == before).all()))
    observation.buffers("running averages, sorted", running_statistics(block))
    observation.gradients(y, x=leaf)


def library() -> SimpleNamespace:
    from resnetlab.nn.blocks import BasicBlock
    from resnetlab.specs.parts import Basic

    def block(in_channels: int, channels: int, stride: int) -> BasicBlock:
        return BasicBlock(in_channels, channels, stride, Basic(order="pre"))

    return SimpleNamespace(PreActivationBlock=block)


def told(case: Case) -> str:
    shape = f"{case['images']}, {case['in_channels']}, {case['height']}, {case['width']}"
    return f"x ({shape}) to {case['channels']} channels, stride {case['stride']}, {mode_of(case)}"


EACH_SHORTCUT = (
    {"in_channels": 2, "channels": 2, "stride": 1},
    {"in_channels": 2, "channels": 3, "stride": 1},
    {"in_channels": 2, "channels": 2, "stride": 2},
)
CHECK = Check(SPACE, probe, library, always=EACH_SHORTCUT, trials=16, told=told, tolerance=1e-3)
