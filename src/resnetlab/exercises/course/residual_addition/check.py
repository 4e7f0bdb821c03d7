"""What is looked at: the output, x afterwards, and the gradients of x and of the branch's weight."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (1, 2, 3),
    "channels": (1, 2, 3),
    "size": (1, 2, 4),
    "branch": ("convolution", "sigmoid", "identity"),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    c = case["channels"]
    given = drawn(case, "x", case["images"], c, case["size"], case["size"]).requires_grad_()
    weight = drawn(case, "weight", c, c, 1, 1).requires_grad_()

    def branch(h: Tensor) -> Tensor:
        if case["branch"] == "identity":
            return h
        y = F.conv2d(h, weight)
        return y.sigmoid() if case["branch"] == "sigmoid" else y

    x = given.clone()  # as in a network, where x is another layer's output
    y = observation.tensor("y", answer.residual(x, branch))
    observation.output("y", y)
    observation.output("x afterwards", x)
    observation.gradients(y, x=given, weight=weight)


def library() -> SimpleNamespace:
    from resnetlab.nn import ResidualBlock

    class Branch(nn.Module):
        def __init__(self, function: Any) -> None:
            super().__init__()
            self.function = function

        def forward(self, h: Tensor) -> Tensor:
            return torch.as_tensor(self.function(h))

    return SimpleNamespace(residual=lambda x, branch: F.relu(ResidualBlock(Branch(branch))(x)))


def told(case: Case) -> str:
    shape = f"{case['images']}, {case['channels']}, {case['size']}, {case['size']}"
    return f"x ({shape}), a branch that ends in {case['branch']}"


EACH_BRANCH = tuple({"branch": branch} for branch in SPACE["branch"])
CHECK = Check(SPACE, probe, library, always=EACH_BRANCH, trials=14, told=told)
