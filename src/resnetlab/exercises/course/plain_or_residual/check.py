"""What is looked at: the ratios, beside products of Jacobians, and what is concluded from given ones."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from resnetlab.exercises.observation import Case, Check, Observation, drawn

SPACE = {
    "blocks": (1, 2, 3, 4),
    "images": (2, 3),
    "width": (2, 3),
    "residual": (True, False),
    "branch": ("linear", "tanh", "halving"),
    "ratios": ("all above", "all at least", "one below", "mean below", "all below"),
}
GIVEN = {
    "all above": (1.5, 1.2, 1.1, 2.0),
    "all at least": (1.0, 1.2, 1.0, 2.0),
    "one below": (0.9, 3.0, 1.2, 2.0),
    "mean below": (0.1, 0.2, 1.2, 1.5),
    "all below": (0.9, 0.8, 0.5, 0.7),
}


def branches_of(case: Case) -> list[nn.Module]:
    width = case["width"]
    made: list[nn.Module] = []
    for number in range(case["blocks"]):
        linear = nn.Linear(width, width, bias=False)
        matrix = drawn(case, f"weights {number}", width, width) / width**0.5
        linear.weight.data = -torch.eye(width) / 2 if case["branch"] == "halving" else matrix
        made.append(nn.Sequential(linear, nn.Tanh()) if case["branch"] == "tanh" else linear)
    return made


def probe(answer: Any, case: Case, observation: Observation) -> None:
    x = drawn(case, "x", case["images"], case["width"])
    direction = drawn(case, "direction", case["images"], case["width"])
    ratios = answer.gradient_ratios(x, branches_of(case), case["residual"], direction)
    observation.gradient("ratios", observation.tensor("ratios", ratios))
    concluded = answer.always_at_least_one(torch.tensor(GIVEN[case["ratios"]]).reshape(2, 2))
    observation.output(f"of ratios {GIVEN[case['ratios']]} it is always at least 1", bool(concluded))


def library() -> SimpleNamespace:
    """By the Jacobian of every block, image by image, without a backward pass through the stack."""

    def gradient_ratios(x: Tensor, branches: list[nn.Module], residual: bool, direction: Tensor) -> Tensor:
        columns = []
        for h, g in zip(x, direction, strict=True):
            jacobians = []
            for branch in branches:
                of_branch = torch.autograd.functional.jacobian(branch, h)
                jacobians.append(of_branch + torch.eye(len(h)) if residual else of_branch)
                h = branch(h) + h if residual else branch(h)
            norms = [g.norm()]
            for jacobian in reversed(jacobians):
                g = g @ jacobian
                norms.append(g.norm())
            columns.append([after / before for before, after in itertools.pairwise(norms)][::-1])
        return torch.tensor(columns).T

    return SimpleNamespace(gradient_ratios=gradient_ratios, always_at_least_one=lambda ratios: ratios.min() >= 1)


def told(case: Case) -> str:
    kind = "residual" if case["residual"] else "plain"
    images = f"{case['images']} images of {case['width']} numbers"
    given = f"given ratios {', '.join(map(str, GIVEN[case['ratios']]))}"
    return f"{case['blocks']} {kind} blocks of {case['branch']} branches, {images}; {given}"


EACH_CONCLUSION = tuple({"ratios": ratios} for ratios in GIVEN)
CHECK = Check(SPACE, probe, library, always=EACH_CONCLUSION, trials=20, told=told, tolerance=1e-3)
