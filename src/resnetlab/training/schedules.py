"""The learning rate over the steps of training."""

from __future__ import annotations

import math
from functools import partial

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from resnetlab.training.config import Schedule


def build_schedule(optimiser: Optimizer, schedule: Schedule, steps: int, steps_per_epoch: int) -> LRScheduler:
    """What sets every group's rate before each step, to be told after each.

    Args:
        optimiser: its groups' rates are the highest ones.
        schedule: as data.
        steps: of the whole training.
        steps_per_epoch: for the warm-up.
    """
    if schedule.name == "one-cycle":
        rates = [group["lr"] for group in optimiser.param_groups]
        # The momentum stays as it is: cycling it is another change than the one that is named.
        return OneCycleLR(optimiser, rates, total_steps=steps, cycle_momentum=False)
    warmup = round(schedule.warmup_epochs * steps_per_epoch)
    return LambdaLR(optimiser, partial(rate_factor, schedule, steps=steps, warmup=warmup))


def rate_factor(schedule: Schedule, step: int, *, steps: int, warmup: int = 0) -> float:
    """A step's rate as a share of the highest.

    >>> [rate_factor(Schedule("steps", drops=(0.5, 0.75)), step, steps=8) for step in (0, 3, 4, 7)]
    [1.0, 1.0, 0.1, 0.010000000000000002]

    Args:
        schedule: any but one-cycle.
        step: counted from 0.
        steps: of the whole training.
        warmup: of them at the start, during which the rate has not its full height.
    """
    if step < warmup:
        risen = 0.0 if schedule.warmup_jumps else step / warmup
        return schedule.warmup_from + (1 - schedule.warmup_from) * risen
    if schedule.name == "steps":
        return schedule.factor ** sum(step >= drop * steps for drop in schedule.drops)
    done = (step - warmup) / max(steps - warmup, 1)
    if schedule.name == "cosine":  # Loshchilov & Hutter 2016, Eq. 5
        return schedule.final + (1 - schedule.final) * (1 + math.cos(math.pi * done)) / 2
    return 1 - (1 - schedule.final) * done if schedule.name == "linear" else 1.0
