"""The sweep finds a rate that trains, and leaves network, optimiser and schedule as they were, to the bit."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.core.errors import DivergedError, ResnetlabError
from resnetlab.data import load_data
from resnetlab.training.config import Optimiser, Schedule
from resnetlab.training.learning_rate_finder import find_learning_rate, sweep
from resnetlab.training.loop import StepRule, take_step
from resnetlab.training.optimisers import build_optimiser
from resnetlab.training.schedules import build_schedule
from resnetlab.training.state import TrainingState, as_plain, averaged

RULE = StepRule(F.cross_entropy, seed=(0, 0))


@dataclass(frozen=True)
class OneBatch:
    images: Tensor
    labels: Tensor


class Digits:
    """The embedded digits, in their order."""

    steps = 10

    def epoch(self, number: int, first: int = 0) -> Iterator[OneBatch]:
        data = load_data("digits")
        for at in range(first, self.steps):
            batch = slice(64 * at, 64 * at + 64)
            yield OneBatch(data.train_images[batch], data.train_labels[batch])


def state(how: Optimiser) -> TrainingState:
    torch.manual_seed(0)
    model = create_model("resnet20", 10, 1, width=4, drop_path=0.2)
    optimiser = build_optimiser(model, how)
    schedule = build_schedule(optimiser, Schedule("cosine", warmup_epochs=1), 100, 10)
    return TrainingState(model, optimiser, schedule, model, averaged(model, 0.9))


def same(one: object, other: object) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("curvature", [0.1, 1.0, 30.0])
def test_on_a_parabola_the_suggestion_is_stable_and_not_timid(curvature: float) -> None:
    x = torch.tensor([1.0, -1.0])

    def step(rate: float) -> float:
        loss = 1 + curvature / 2 * float(x @ x)
        x.mul_(1 - rate * curvature)
        return loss

    found = sweep(step, low=1e-5 / curvature, high=1e3 / curvature, steps=120)
    assert 0.02 < found.suggestion * curvature < 2  # gradient descent converges below 2 over the curvature
    assert found.rates[-1] < 1e3 / curvature
    assert len(found.rates) == len(found.losses) == len(found.smoothed)


def test_a_rate_at_which_training_breaks_ends_the_sweep() -> None:
    def step(rate: float) -> float:
        if rate > 0.1:
            raise DivergedError(1, "loss")
        return 2 - math.tanh(10 * rate)

    assert max(sweep(step, 1e-4, 10, 60).rates) <= 0.1


def test_a_network_that_takes_no_step_at_all_is_told_apart() -> None:
    def step(rate: float) -> float:
        raise DivergedError(1, "parameter conv1.weight")

    with pytest.raises(DivergedError, match=r"conv1\.weight"):
        sweep(step, 1e-4, 10, 60)


@pytest.mark.parametrize("loss", [1.0, math.nan])
def test_where_the_loss_never_falls_nothing_is_suggested(loss: float) -> None:
    assert sweep(lambda rate: loss, 1e-4, 1, 40).suggestion is None


@pytest.mark.parametrize(("low", "high", "steps"), [(0, 1, 50), (1, 0.1, 50), (1e-3, 1, 3), (1e-3, math.inf, 50)])
def test_an_impossible_sweep_is_refused(low: float, high: float, steps: int) -> None:
    with pytest.raises(ResnetlabError, match="is impossible\ngive two rates"):
        sweep(lambda rate: 1.0, low, high, steps)


@pytest.mark.parametrize("how", [Optimiser(stage_decay=0.5), Optimiser("adamw", lr=1e-3), Optimiser("lamb", lr=1e-3)])
def test_after_a_sweep_training_goes_as_if_there_had_been_none(how: Optimiser) -> None:
    swept, other = state(how), state(how)
    before, draws = copy.deepcopy(as_plain(swept)), torch.get_rng_state()
    find_learning_rate(swept, Digits(), RULE, steps=15)
    assert same(as_plain(swept), before)
    assert torch.equal(torch.get_rng_state(), draws)
    for batch in Digits().epoch(0):
        take_step(swept, batch, RULE)
        take_step(other, batch, RULE)
    assert same(as_plain(swept), as_plain(other))


def test_groups_keep_the_ratios_of_their_rates() -> None:
    rates = list[list[float]]()

    swept = state(Optimiser(lr=0.4, stage_decay=0.5))
    swept.optimiser.register_step_pre_hook(
        lambda optimiser, *_: rates.append([group["lr"] for group in optimiser.param_groups])
    )
    find_learning_rate(swept, Digits(), RULE, low=1e-4, high=1e-2, steps=12)
    assert [max(groups) for groups in rates] == pytest.approx(torch.logspace(-4, -2, 12).tolist())
    for groups in rates:
        assert [rate / max(groups) for rate in groups] == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2, 1])


def test_the_suggestion_trains_a_real_network_better_than_a_far_lower_rate() -> None:
    found = find_learning_rate(state(Optimiser()), Digits(), RULE, steps=60)
    assert found.suggestion is not None
    last = {}
    for factor in (0.03, 1.0):
        trained = state(Optimiser(lr=found.suggestion * factor))
        for epoch in range(3):
            for batch in Digits().epoch(epoch):
                take_step(trained, batch, RULE)
        last[factor] = sum(trained.losses[-10:]) / 10
    assert last[1.0] < last[0.03]
