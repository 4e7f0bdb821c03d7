"""The learning rate follows PyTorch's own schedulers, keeps its form at any length, and rises in the warm-up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim import SGD, Optimizer
from torch.optim import lr_scheduler as of

from resnetlab.core.errors import SpecError
from resnetlab.training.config import Schedule
from resnetlab.training.schedules import build_schedule, rate_factor

STEPS = 40

AS_PYTORCH: dict[str, tuple[Schedule, Callable[[Optimizer], of.LRScheduler]]] = {
    "cosine": (Schedule("cosine"), lambda optimiser: of.CosineAnnealingLR(optimiser, STEPS)),
    "cosine to a tenth": (
        Schedule("cosine", final=0.1),
        lambda optimiser: of.CosineAnnealingLR(optimiser, STEPS, eta_min=0.02),
    ),
    "linear": (Schedule("linear", final=0.2), lambda optimiser: of.LinearLR(optimiser, 1.0, 0.2, STEPS)),
    "steps": (
        Schedule("steps", drops=(0.5, 0.75)),
        lambda optimiser: of.MultiStepLR(optimiser, [STEPS // 2, 3 * STEPS // 4]),
    ),
    "constant": (Schedule("constant"), lambda optimiser: of.ConstantLR(optimiser, 1.0)),
    "one-cycle": (
        Schedule("one-cycle"),
        lambda optimiser: of.OneCycleLR(optimiser, 0.2, total_steps=STEPS, cycle_momentum=False),
    ),
    "warm-up": (
        Schedule("cosine", warmup_epochs=0.5, warmup_from=0.1),
        lambda optimiser: of.SequentialLR(
            optimiser,
            [of.LinearLR(optimiser, 0.1, 1.0, 5), of.CosineAnnealingLR(optimiser, STEPS - 5)],
            [5],
        ),
    ),
}


def optimiser() -> Optimizer:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2, momentum=0.9)


def rates(optimiser: Optimizer, schedule: of.LRScheduler) -> list[float]:
    found = []
    for _ in range(STEPS):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


@pytest.mark.filterwarnings("ignore:The epoch parameter")  # of SequentialLR itself
@pytest.mark.parametrize(("schedule", "theirs"), AS_PYTORCH.values(), ids=AS_PYTORCH)
def test_rates_are_those_of_pytorch(schedule: Schedule, theirs: Callable[[Optimizer], of.LRScheduler]) -> None:
    one, other = optimiser(), optimiser()
    expected = rates(other, theirs(other))
    assert rates(one, build_schedule(one, schedule, STEPS, steps_per_epoch=10)) == pytest.approx(expected, abs=1e-9)


def test_groups_keep_their_proportions() -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (0.1, 0.01)]
    both = SGD(groups, lr=0.1)
    schedule = build_schedule(both, Schedule("cosine", final=0.1), STEPS, 10)
    for _ in range(STEPS):
        high, low = (group["lr"] for group in both.param_groups)
        assert high == pytest.approx(10 * low)
        both.step()
        schedule.step()


def test_he_2015_stays_low_for_400_steps_and_then_jumps() -> None:
    schedule = Schedule("steps", drops=(0.5, 0.75), warmup_epochs=400 / 351, warmup_from=0.1, warmup_jumps=True)
    factors = [rate_factor(schedule, step, steps=64_000, warmup=400) for step in (0, 399, 400, 31_999, 32_000, 48_000)]
    assert factors == pytest.approx([0.1, 0.1, 1.0, 1.0, 0.1, 0.01])


@pytest.mark.parametrize("length", [10, 1000])
def test_drops_are_shares_of_training(length: int) -> None:
    schedule = Schedule("steps", drops=(0.5,))
    dropped = [step for step in range(length) if rate_factor(schedule, step, steps=length) < 1]
    assert dropped[0] == length // 2


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "cosin"},
        {"name": "steps"},
        {"name": "steps", "drops": (0.7, 0.5)},
        {"name": "steps", "drops": (0.5, 1.0)},
        {"name": "cosine", "drops": (0.5,)},
        {"name": "one-cycle", "warmup_epochs": 1.0},
        {"final": 2.0},
    ],
)
def test_impossible_schedules_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(SpecError, match="is impossible in Schedule"):
        Schedule(**fields)  # type: ignore[arg-type]  # of several types, some of them wrong
