"""Which learning rate to begin with: a short sweep from far too low to far too high, which leaves nothing changed."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch.optim.lr_scheduler import LambdaLR

from resnetlab.core.errors import DivergedError, ResnetlabError
from resnetlab.data.batches import Batches
from resnetlab.data.preparation import Batch
from resnetlab.training.loop import StepRule, take_step
from resnetlab.training.parameter_groups import highest_rate
from resnetlab.training.state import TrainingState, as_plain, restore

LOST = 4.0  # times the lowest loss, from where a higher rate can only be worse
RECENT = 5  # losses whose mean tells whether all is lost
BLUR = 2.0  # standard deviation of the smoothing, in steps of the sweep; it looks both ways, so nothing is shifted
CAP = 1.5  # times the first loss, to which higher ones are cut before smoothing, lest they colour their neighbours
LEAST_FALL = 0.02  # of the first loss: a sweep that gains less tells nothing


@dataclass(frozen=True)
class Sweep:
    """The losses of a sweep.

    Args:
        rates: of each step, rising; up to where the loss was lost.
        losses: of each step's batch, before the step.
        smoothed: the same without the noise of single batches.
        suggestion: the rate at which the smoothed loss falls fastest; None where it does not fall.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float | None


def sweep(step: Callable[[float], float], low: float = 1e-6, high: float = 10.0, steps: int = 100) -> Sweep:
    """Take steps at rates that rise exponentially, until the loss is lost.

    Paper:
        Smith 2015, §3.3. There the accuracy over a linear range is read by eye; that the steepest fall is suggested
        follows fastai's finder.
    Deviation:
        fastai's average of past losses lags, so that its curve lies at too high rates; here both sides are averaged.

    Args:
        step: takes one at a rate; gives the loss before it, or raises a DivergedError.
        low: the first rate.
        high: the last rate.
        steps: from one to the other.

    Raises:
        ResnetlabError: a range or a number of steps that cannot be.
        DivergedError: not one step can be taken.
    """
    if not (0 < low < high < math.inf and steps >= 2 * RECENT):
        raise ResnetlabError(
            f"a sweep from {low:g} to {high:g} in {steps} steps is impossible\n"
            f"give two rates above 0, the higher one last, and {2 * RECENT} steps or more"
        )
    rates, losses = list[float](), list[float]()
    for rate in np.geomspace(low, high, steps).tolist():
        try:
            loss = step(rate)
        except DivergedError:
            if not rates:
                raise
            break
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        if len(losses) > RECENT and np.mean(losses[-RECENT:]) > LOST * min(losses):
            break
    smoothed = _smooth(np.array(losses)) if losses else np.array([])
    return Sweep(tuple(rates), tuple(losses), tuple(smoothed.tolist()), _steepest(np.array(rates), smoothed))


def find_learning_rate(
    state: TrainingState,
    batches: Batches,
    rule: StepRule,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 100,
) -> Sweep:
    """Sweep the learning rate of a training that has not begun; afterwards its state is as it was, to the bit.

    Groups of parameters keep the ratios of their rates; what is swept is the highest.

    Args:
        state: of the training.
        batches: to train on, from the first epoch's first; some are seen twice in a short epoch.
        rule: how a step is taken.
        low: the first rate.
        high: the last rate.
        steps: from one to the other.

    Raises:
        ResnetlabError: as of `sweep`.
    """
    before, flags = copy.deepcopy(as_plain(state)), [(part, part.training) for part in state.model.modules()]
    schedule, state.schedule = state.schedule, LambdaLR(state.optimiser, lambda step: 1.0)  # the sweep sets the rate
    try:
        with torch.random.fork_rng():
            state.runs.train()
            return sweep(partial(_step, state, _endless(batches), rule, _shares(state)), low, high, steps)
    finally:
        state.optimiser.zero_grad(set_to_none=True)
        state.schedule = schedule
        restore(state, before, "the state before the sweep")
        for part, training in flags:
            part.training = training


def _step(state: TrainingState, batches: Iterator[Batch], rule: StepRule, shares: list[float], rate: float) -> float:
    for group, share in zip(state.optimiser.param_groups, shares, strict=True):
        group["lr"] = rate * share
    take_step(state, next(batches), rule)
    return state.losses[-1]


def _shares(state: TrainingState) -> list[float]:
    highest = highest_rate(state.optimiser)
    return [float(group["lr"]) / highest for group in state.optimiser.param_groups]


def _endless(batches: Batches) -> Iterator[Batch]:
    number = 0
    while True:
        yield from batches.epoch(number)
        number += 1


def _smooth(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(gaussian_filter1d(losses.clip(max=CAP * abs(losses[0])), BLUR, mode="nearest"))


def _steepest(rates: NDArray[np.float64], smoothed: NDArray[np.float64]) -> float | None:
    """The rate, of those before the lowest loss, at which the loss falls fastest per factor of the rate."""
    if len(smoothed) < RECENT:
        return None
    lowest = int(smoothed.argmin())
    if lowest < 2 or smoothed[0] - smoothed[lowest] < LEAST_FALL * abs(smoothed[0]):
        return None
    slopes = np.gradient(smoothed[: lowest + 1], np.log(rates[: lowest + 1]))
    return float(rates[int(slopes.argmin())])
