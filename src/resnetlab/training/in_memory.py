"""Training as the laboratory does it: a small data set in memory, a plan, one seed for the order of all arms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.untouched import in_evaluation_mode
from resnetlab.core.errors import DivergedError, ResnetlabError
from resnetlab.data import ImageData
from resnetlab.data.preparation import Batch
from resnetlab.training.config import Schedule, ScheduleName
from resnetlab.training.events import EpochDone, StepDone
from resnetlab.training.loop import Course, StepRule, train_epochs
from resnetlab.training.schedules import build_schedule
from resnetlab.training.state import TrainingState

PLANNED = tuple(name for name in get_args(ScheduleName) if name != "steps")


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained.

    Args:
        epochs: passes over the training images.
        batch_size: images per step; a smaller last batch is left out.
        lr: the (peak) learning rate.
        momentum: of SGD.
        weight_decay: on every parameter, as in He et al. 2015, §3.4.
        schedule: of the learning rate, without drops and warm-up.
    """

    epochs: int = 8
    batch_size: int = 128
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: ScheduleName = "one-cycle"

    def __post_init__(self) -> None:
        for name, possible, allowed in (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch_size", self.batch_size >= 1, "1 or more"),
            ("lr", self.lr > 0, "above 0"),
            ("schedule", self.schedule in PLANNED, ", ".join(PLANNED)),
        ):
            if not possible:
                raise ResnetlabError(f"{name}={getattr(self, name)!r} is impossible in a plan\nallowed: {allowed}")


@dataclass
class History:
    """What happened during training.

    Args:
        step_losses: the loss of every step's batch, before the step.
        epoch_losses: their mean over each epoch.
        diverged: a loss was not finite; training stopped before that step was taken.
    """

    step_losses: list[float] = field(default_factory=list)
    epoch_losses: list[float] = field(default_factory=list)
    diverged: bool = False

    def on_step(self, event: StepDone) -> None:
        """Note its loss."""
        self.step_losses.append(event.loss)

    def on_epoch(self, event: EpochDone) -> None:
        """Note its mean."""
        self.epoch_losses.append(event.train_loss)


def train(model: nn.Module, data: ImageData, plan: TrainingPlan, seed: int) -> History:
    """Train a network in place.

    Args:
        model: any network that maps the data's images to its classes.
        data: what to train on; its test part is not touched.
        plan: epochs, rates, batch size.
        seed: of the data order, which is the same for every network trained with it.

    Raises:
        ResnetlabError: a batch is larger than the data set.
    """
    steps = len(data.train_labels) // plan.batch_size
    if not steps:
        raise ResnetlabError(
            f"batch_size={plan.batch_size}: {data.name} has {len(data.train_labels)} images\ngive fewer"
        )
    optimiser = torch.optim.SGD(model.parameters(), plan.lr, plan.momentum, weight_decay=plan.weight_decay)
    schedule = build_schedule(optimiser, Schedule(plan.schedule), plan.epochs * steps, steps)
    state, history = TrainingState(model, optimiser, schedule, model), History()
    rule = StepRule(F.cross_entropy, watches_gradients=False)  # a loss that is not finite decides, as in the papers
    try:
        train_epochs(
            state, _Shuffled(data, plan.batch_size, seed), rule, Course(plan.epochs, plan.epochs * steps), history
        )
    except DivergedError:
        history.diverged = True
        history.step_losses.append(state.losses[-1])
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module, images: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"], batch_size: int = 512
) -> tuple[float, float]:
    """Mean cross-entropy and share of images classified wrong, in evaluation mode.

    Args:
        model: every module of it is left in the mode it came in.
        images: (N, C, H, W), float, normalised.
        labels: (N,).
        batch_size: images per forward pass.
    """
    with in_evaluation_mode(model):
        logits = torch.cat([model(part) for part in images.split(batch_size)])
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) != labels).float().mean().item()


class _Shuffled:
    """The training images in a new order each epoch; an epoch's order comes after those of all before it."""

    def __init__(self, data: ImageData, size: int, seed: int) -> None:
        self.data, self.size = data, size
        self.steps = len(data.train_labels) // size
        self.generator = torch.Generator().manual_seed(seed)

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """Yields the batches of the next epoch, whatever its number."""
        order = torch.randperm(len(self.data.train_labels), generator=self.generator)
        for batch in order[: self.steps * self.size].split(self.size)[first:]:
            yield Batch(self.data.train_images[batch], self.data.train_labels[batch])
