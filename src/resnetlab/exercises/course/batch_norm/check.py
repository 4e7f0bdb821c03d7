"""What is looked at: the output, gradients of x, γ and β, and what became of the running averages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from resnetlab.exercises.given import BOTH_MODES, mode_of
from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "images": (2, 3, 1),
    "channels": (1, 2, 3),
    "height": (1, 2, 4, 5),
    "width": (1, 2, 3, 6),
    "training": (True, False),
    "momentum": (0.1, 0.3),
    "deviation": (1.0, 0.01),
    "epsilon": (1e-5, 0.1),
}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    c = case["channels"]
    x = drawn(case, "x", case["images"], c, case["height"], case["width"]).double() * case["deviation"]
    x = (x + drawn(case, "m", c, 1, 1)).requires_grad_()  # double: of two values, gradients are all but rounding
    gamma, beta = (drawn(case, name, c).double().requires_grad_() for name in ("gamma", "beta"))
    running_mean, running_var = drawn(case, "running mean", c).double(), drawn(case, "running var", c).double().exp()
    given = (x, gamma, beta, running_mean, running_var, case["training"], case["momentum"], case["epsilon"])
    y = observation.tensor("y", answer.batch_norm(*given))
    observation.output("y", y)
    observation.buffers("running_mean", running_mean)
    observation.buffers("running_var", running_var)
    observation.buffers("running averages carry a gradient", running_mean.requires_grad or running_var.requires_grad)
    observation.gradients(y, x=x, gamma=gamma, beta=beta)


def library() -> SimpleNamespace:
    def batch_norm(
        x: Tensor,
        gamma: Tensor,
        beta: Tensor,
        mean: Tensor,
        var: Tensor,
        training: bool,
        momentum: float,
        epsilon: float,
    ) -> Tensor:
        return F.batch_norm(x, mean, var, gamma, beta, training, momentum, epsilon)

    return SimpleNamespace(batch_norm=batch_norm)


def possible(case: Case) -> bool:
    return bool(case["images"] * case["height"] * case["width"] > 1)  # one value has no variance


def told(case: Case) -> str:
    shape = f"{case['images']}, {case['channels']}, {case['height']}, {case['width']}"
    given = f"momentum {case['momentum']}, epsilon {case['epsilon']}"
    return f"x ({shape}) of standard deviation {case['deviation']}, {mode_of(case)}, {given}"


CHECK = Check(SPACE, probe, library, always=BOTH_MODES, trials=16, possible=possible, told=told, tolerance=1e-3)
