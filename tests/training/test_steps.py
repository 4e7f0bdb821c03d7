"""A step taken in parts, a step that is clipped, and the average over steps are what their formulas say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.data.preparation import Batch
from resnetlab.training.config import Config
from resnetlab.training.loop import StepRule, take_step
from resnetlab.training.losses import build_loss
from resnetlab.training.state import TrainingState, averaged

RATE = 0.5
DRAWS = torch.Generator().manual_seed(1)
BATCH = Batch(torch.randn(7, 3, 2, 2, generator=DRAWS, dtype=torch.float64), torch.randint(3, (7,), generator=DRAWS))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def stepped(model: nn.Module, steps: int = 1, decay: float | None = None, **rule: Any) -> TrainingState:
    """After steps of plain SGD on the same batch."""
    optimiser = torch.optim.SGD(model.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.ConstantLR(optimiser, 1.0, 1)
    average = None if decay is None else averaged(model, decay)
    state = TrainingState(model, optimiser, schedule, runs=model, average=average)
    for _ in range(steps):
        take_step(state, BATCH, StepRule(build_loss(Config()), **rule))
    return state


def gradient(model: nn.Module) -> tuple[Tensor, ...]:
    return torch.autograd.grad(F.cross_entropy(model(BATCH.images), BATCH.labels), list(model.parameters()))


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_a_batch_in_parts_gives_the_step_of_the_whole_batch(parts: int) -> None:
    one, many = stepped(network()), stepped(network(), accumulate=parts)
    torch.testing.assert_close(many.model.state_dict(), one.model.state_dict(), rtol=1e-12, atol=1e-15)
    assert many.losses == pytest.approx(one.losses, rel=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.9, 1.1])
def test_a_gradient_that_is_too_long_is_shortened_and_another_left(share: float) -> None:
    before, slopes = [p.detach().clone() for p in network().parameters()], gradient(network())
    length = torch.cat([slope.flatten() for slope in slopes]).norm().item()
    after = stepped(network(), clip=share * length).model.parameters()
    for now, then, slope in zip(after, before, slopes, strict=True):
        torch.testing.assert_close(now.detach(), then - RATE * min(share, 1.0) * slope, rtol=1e-4, atol=1e-9)


def test_the_average_moves_by_what_its_decay_leaves_to_each_step() -> None:
    decay, expected = 0.9, dict(stepped(network()).model.state_dict())  # it begins with the first step's weights
    for steps in (2, 3, 4):
        weights = stepped(network(), steps).model.state_dict()
        expected = {name: decay * value + (1 - decay) * weights[name] for name, value in expected.items()}
    state = stepped(network(), 4, decay)
    assert state.judged is not state.model
    torch.testing.assert_close(state.judged.state_dict(), expected, rtol=1e-12, atol=1e-15)
