"""What training tells whoever watches: the screen, the records of a run, the user's own code. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StepDone:
    """A step of the optimiser was taken.

    Args:
        step: its number, from 1 over the whole of training.
        epoch: that it belongs to, from 1.
        lr: the learning rate it was taken with.
        loss: mean of the batch before the step.
        images: in the global batch.
    """

    step: int
    epoch: int
    lr: float
    loss: float
    images: int


@dataclass(frozen=True)
class EpochDone:
    """An epoch is over, and evaluated where there is something to evaluate on.

    Args:
        epoch: its number, from 1.
        step: the last one taken.
        lr: the learning rate of that step.
        train_loss: mean over the epoch's steps.
        validation_loss: mean over the validation images; None where there are none.
        validation_top1: per cent of them whose likeliest class is right; None where there are none.
        seconds: that the epoch took, evaluation included.
        images_per_second: training images, evaluation left out; None where an evaluation was all that was left of it.
        best: the network is kept as the best so far.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    validation_loss: float | None
    validation_top1: float | None
    seconds: float
    images_per_second: float | None
    best: bool


class Observer(Protocol):
    """Watches training and changes nothing in it."""

    def on_step(self, event: StepDone) -> None:
        """Called after every step."""

    def on_epoch(self, event: EpochDone) -> None:
        """Called after every epoch."""


class Several:
    """Many observers as one, told in their order.

    Args:
        observers: none will do.
    """

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.observers = tuple(observers)

    def on_step(self, event: StepDone) -> None:
        """Tell every observer of the step."""
        for observer in self.observers:
            observer.on_step(event)

    def on_epoch(self, event: EpochDone) -> None:
        """Tell every observer of the epoch."""
        for observer in self.observers:
            observer.on_epoch(event)
