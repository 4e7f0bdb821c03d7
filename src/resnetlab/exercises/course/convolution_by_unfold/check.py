"""What is looked at: the output, and the gradients of x, weight and bias."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch.nn import functional as F

from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (1, 2, 3),
    "channels": (1, 2, 3),
    "outputs": (1, 2, 4),
    "kernel": (1, 3, 5),
    "height": (4, 5, 6, 9),
    "width": (4, 5, 7, 8),
    "stride": (1, 2, 3),
    "padding": (0, 1, 2),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    k = case["kernel"]
    x = drawn(case, "x", case["images"], case["channels"], case["height"], case["width"]).requires_grad_()
    weight = drawn(case, "weight", case["outputs"], case["channels"], k, k).requires_grad_()
    bias = drawn(case, "bias", case["outputs"]).requires_grad_()
    y = observation.tensor("y", answer.convolution(x, weight, bias, case["stride"], case["padding"]))
    observation.output("y", y)
    observation.gradients(y, x=x, weight=weight, bias=bias)


def library() -> SimpleNamespace:
    return SimpleNamespace(convolution=F.conv2d)


def possible(case: Case) -> bool:
    return bool(min(case["height"], case["width"]) + 2 * case["padding"] >= case["kernel"])


def told(case: Case) -> str:
    image = f"{case['images']}, {case['channels']}, {case['height']}, {case['width']}"
    kernel = f"{case['outputs']}, {case['channels']}, {case['kernel']}, {case['kernel']}"
    return f"x ({image}), weight ({kernel}), stride {case['stride']}, padding {case['padding']}"


CHECK = Check(SPACE, probe, library, possible=possible, told=told)
