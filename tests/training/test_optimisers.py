"""Optimisers take the steps of PyTorch's and timm's own, fused or not."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn, optim

from resnetlab.core.errors import SpecError
from resnetlab.training.config import Optimiser
from resnetlab.training.optimisers import build_optimiser


def stepped(model: nn.Module, optimiser: optim.Optimizer) -> list[torch.Tensor]:
    images = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    for _ in range(3):
        optimiser.zero_grad()
        model(images).square().mean().backward()
        optimiser.step()
    return [parameter.detach() for parameter in model.parameters()]


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def lamb(model: nn.Module) -> optim.Optimizer:
    from timm.optim.lamb import Lamb

    return Lamb(model.parameters(), lr=0.01, weight_decay=0.02, max_grad_norm=None)


AS_OTHERS = {
    "sgd": (
        Optimiser("sgd", lr=0.1, nesterov=True, weight_decay=1e-3),
        lambda model: optim.SGD(model.parameters(), 0.1, 0.9, nesterov=True, weight_decay=1e-3),
    ),
    "adamw": (
        Optimiser("adamw", lr=0.01, weight_decay=0.05),
        lambda model: optim.AdamW(model.parameters(), 0.01, weight_decay=0.05),
    ),
    "lamb": (Optimiser("lamb", lr=0.01, weight_decay=0.02), lamb),
}


@pytest.mark.parametrize(("how", "theirs"), AS_OTHERS.values(), ids=AS_OTHERS)
def test_steps_are_those_of_the_library(how: Optimiser, theirs: object) -> None:
    one, other = network(), copy.deepcopy(network())
    ours = stepped(one, build_optimiser(one, how))
    assert callable(theirs)
    for mine, peer in zip(ours, stepped(other, theirs(other)), strict=True):
        assert torch.allclose(mine, peer, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "fields", [{"name": "sdg"}, {"lr": 0.0}, {"nesterov": True, "momentum": 0.0}, {"clip": 0.0}, {"stage_decay": 1.5}]
)
def test_impossible_optimisers_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(SpecError, match="is impossible in Optimiser"):
        Optimiser(**fields)  # type: ignore[arg-type]  # of several types, some of them wrong
