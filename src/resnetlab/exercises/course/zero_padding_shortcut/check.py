"""What is looked at: the output, and the gradient of x."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch import Tensor

from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (1, 2),
    "channels": (1, 2, 3),
    "out_channels": (1, 2, 3, 4, 6),
    "height": (2, 3, 4, 5),
    "width": (2, 3, 4, 7),
    "stride": (1, 2, 3),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    x = drawn(case, "x", case["images"], case["channels"], case["height"], case["width"]).requires_grad_()
    y = observation.tensor("y", answer.shortcut(x, case["out_channels"], case["stride"]))
    observation.output("y", y)
    observation.gradients(y, x=x)


def library() -> SimpleNamespace:
    from resnetlab.nn.shortcuts import ZeroPadding

    def shortcut(x: Tensor, out_channels: int, stride: int) -> Tensor:
        return ZeroPadding(x.shape[1], out_channels, stride)(x)

    return SimpleNamespace(shortcut=shortcut)


def possible(case: Case) -> bool:
    return bool(case["out_channels"] >= case["channels"])


def told(case: Case) -> str:
    shape = f"{case['images']}, {case['channels']}, {case['height']}, {case['width']}"
    return f"x ({shape}), {case['out_channels']} channels out, stride {case['stride']}"


EACH_CHANGE = (
    {"channels": 3, "out_channels": 3, "stride": 2, "height": 4, "width": 4},
    {"channels": 1, "out_channels": 2, "stride": 1},
    {"channels": 2, "out_channels": 6, "stride": 1},
)
CHECK = Check(SPACE, probe, library, always=EACH_CHANGE, trials=20, possible=possible, told=told)
