"""What is looked at: both counts, and whether hooks, modes or running averages are left changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch import Tensor, nn

from resnetlab.exercises.given import (
    EVERY_MODE,
    MODES,
    alike,
    draw_numbers,
    hooks_on,
    modes_of,
    running_averages,
    set_mode,
)
from resnetlab.exercises.observation import Case, Check, Observation

SPACE = {
    "channels": (2, 4),
    "kernel": (1, 3),
    "stride": (1, 2),
    "groups": (1, 2),
    "height": (4, 5, 8),
    "width": (4, 7),
    "bias": (False, True),
    "again": (False, True),
    "frozen": (False, True),
    "mode": MODES,
}


class Given(nn.Module):
    """Two convolutions, the second called twice if so wished, and a linear layer that shares its bias with another."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        channels, kernel = case["channels"], case["kernel"]
        self.again = case["again"]
        self.first = nn.Conv2d(3, channels, kernel, stride=case["stride"], padding=kernel // 2, bias=case["bias"])
        self.norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, groups=case["groups"], bias=case["bias"])
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5), nn.Linear(5, 5))
        self.head[3].bias = self.head[2].bias
        self.first.requires_grad_(not case["frozen"])
        draw_numbers(case, self)
        set_mode(self, case["mode"])

    def forward(self, x: Tensor) -> Tensor:
        h = self.second(self.norm(self.first(x)).relu())
        return self.head(self.second(h) if self.again else h)


def probe(answer: Any, case: Case, observation: Observation) -> None:
    network = Given(case)
    before = running_averages(network)
    observation.output("parameters", answer.count_parameters(network, False))
    observation.output("trainable parameters", answer.count_parameters(network, True))
    image = (3, case["height"], case["width"])
    observation.output("multiply-adds", answer.count_multiply_adds(network, image))
    observation.mode("hooks left behind", hooks_on(network))
    observation.mode("in training", modes_of(network))
    observation.buffers("running averages moved", not alike(before, running_averages(network)))


def library() -> SimpleNamespace:
    from resnetlab.analysis import count_macs, count_parameters

    return SimpleNamespace(count_parameters=count_parameters, count_multiply_adds=count_macs)


def told(case: Case) -> str:
    twice = ", called twice" if case["again"] else ""
    layers = f"{case['kernel']}×{case['kernel']} stride {case['stride']}, then 3×3 groups {case['groups']}{twice}"
    bias = "a bias" if case["bias"] else "no bias"
    first = ", the first convolution frozen" if case["frozen"] else ""
    image = f"image (3, {case['height']}, {case['width']})"
    return f"{image}, {case['channels']} channels, {layers}, {bias}{first}; mode: {case['mode']}"


CHECK = Check(SPACE, probe, library, always=EVERY_MODE, trials=16, told=told, tolerance=0.0)
