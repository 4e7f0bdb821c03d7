"""The training loop: one network, one data set in memory, one plan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.core.errors import ResnetlabError
from resnetlab.data import ImageData

SCHEDULES = ("one-cycle", "constant")


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained.

    Args:
        epochs: passes over the training images.
        batch_size: images per step; a smaller last batch is left out.
        lr: the (peak) learning rate.
        momentum: of SGD.
        weight_decay: on every parameter, as in He et al. 2015, §3.4.
        schedule: "one-cycle" (up to `lr` and down to nearly zero) or "constant".
    """

    epochs: int = 8
    batch_size: int = 128
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: str = "one-cycle"

    def __post_init__(self) -> None:
        for name, possible, allowed in (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("batch_size", self.batch_size >= 1, "1 or more"),
            ("lr", self.lr > 0, "above 0"),
            ("schedule", self.schedule in SCHEDULES, ", ".join(SCHEDULES)),
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
    history = History()
    images, labels = data.train_images, data.train_labels
    order = torch.Generator().manual_seed(seed)
    steps = len(labels) // plan.batch_size
    if not steps:
        raise ResnetlabError(f"batch_size={plan.batch_size}: {data.name} has {len(labels)} images\ngive fewer")
    optimiser = torch.optim.SGD(model.parameters(), plan.lr, plan.momentum, weight_decay=plan.weight_decay)
    schedule = _schedule(optimiser, plan, plan.epochs * steps)
    model.train()
    for _ in range(plan.epochs):
        for batch in _batches(len(labels), plan.batch_size, order):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            history.step_losses.append(loss.item())
            if not math.isfinite(history.step_losses[-1]):
                history.diverged = True
                return history
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
        history.epoch_losses.append(sum(history.step_losses[-steps:]) / steps)
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
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    logits = torch.cat([model(part) for part in images.split(batch_size)])
    for module, was_training in modes:
        module.training = was_training
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) != labels).float().mean().item()


def _batches(count: int, size: int, order: torch.Generator) -> Iterator[Tensor]:
    shuffled = torch.randperm(count, generator=order)
    return (shuffled[start : start + size] for start in range(0, count - size + 1, size))


def _schedule(
    optimiser: torch.optim.Optimizer, plan: TrainingPlan, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if plan.schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    # The momentum stays as it is: cycling it is another change than the one the plan names.
    return torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.lr, total_steps=steps, cycle_momentum=False)
