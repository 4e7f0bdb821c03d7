"""What is looked at: the blocks, what they are made with, in which order the signal meets them, and the output."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from resnetlab.exercises.filling import fill, parameter_count, shapes_only
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "stages": (1, 2, 3, 4),
    "depths": ((1, 1, 1, 1), (2, 2, 2, 2), (3, 4, 6, 3), (1, 3, 2, 1), (2, 1, 1, 3)),
    "widths": ((4, 8, 16, 32), (2, 4, 8, 16), (3, 3, 5, 4)),
    "in_channels": (4, 3),
    "expansion": (1, 4),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    met: list[list[int]] = []

    class Block(nn.Module):
        """A convolution that writes down what it was made with when the signal comes."""

        expansion = case["expansion"]

        def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
            super().__init__()
            self.made = [in_channels, width, stride]
            self.conv = nn.Conv2d(in_channels, width * case["expansion"], 1, stride)

        def forward(self, x: Tensor) -> Tensor:
            met.append(self.made)
            return torch.relu(self.conv(x))

    widths, depths = case["widths"][: case["stages"]], case["depths"][: case["stages"]]
    stages = observation.module("stages", answer.make_stages(Block, case["in_channels"], widths, depths))
    x = drawn(case, "x", 1, case["in_channels"], 9, 16)
    observation.output("y", observation.tensor("y", fill(stages, case["seed"])(x)))
    observation.output("blocks as (in_channels, width, stride)", met)
    observation.output("number of parameters", parameter_count(stages))


def library() -> SimpleNamespace:
    from resnetlab.nn.network import make_stages as build_stages
    from resnetlab.specs.parts import Bottleneck, Stages
    from resnetlab.specs.zoo import RESNET18, RESNET50

    def make_stages(block: Any, in_channels: int, widths: tuple[int, ...], depths: tuple[int, ...]) -> nn.Module:
        like = RESNET50 if block.expansion == Bottleneck().expansion else RESNET18
        spec = like.but(stages=Stages(tuple(widths), tuple(depths)), stem=like.stem.__class__(in_channels))
        with shapes_only():
            built: list[Any] = list(build_stages(spec))
        made = [[block(each.conv1.in_channels, *_width_and_stride(each)) for each in stage] for stage in built]
        return nn.Sequential(*(nn.Sequential(*blocks) for blocks in made))

    return SimpleNamespace(make_stages=make_stages)


def _width_and_stride(built: Any) -> tuple[int, int]:
    return built.conv1.out_channels, built.conv1.stride[0] * built.conv2.stride[0]


def told(case: Case) -> str:
    return (
        f"in_channels {case['in_channels']}, widths {case['widths'][: case['stages']]}, "
        f"depths {case['depths'][: case['stages']]}, expansion {case['expansion']}"
    )


CHECK = Check(SPACE, probe, library, trials=14, told=told)
