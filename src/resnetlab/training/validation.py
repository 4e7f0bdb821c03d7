"""How right a network is on images held out: exact sums, on one process or over many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.untouched import in_evaluation_mode
from resnetlab.data.preparation import Batch
from resnetlab.training.loop import PLAIN
from resnetlab.training.precision import Choice, at_least_float32


@dataclass(frozen=True)
class ValidationScores:
    """What was counted.

    Args:
        n: images.
        loss: mean cross-entropy, nats.
        top1: per cent of images whose likeliest class is right.
    """

    n: int
    loss: float
    top1: float


@torch.no_grad()
def validate(
    model: nn.Module,
    batches: Iterable[Batch],
    choice: Choice = PLAIN,
    total: Callable[[Tensor], Tensor] = lambda sums: sums,
) -> ValidationScores:
    """The scores of a network in evaluation mode; every module of it is left in the mode it came in.

    Args:
        model: maps images to one logit for each class.
        batches: every image once over all processes, with class numbers.
        choice: in which numbers it computes; sums are taken in float64.
        total: adds up the sums of all processes.
    """
    sums: Tensor | None = None
    with in_evaluation_mode(model):
        for batch in batches:
            with choice.autocast():
                logits = model(batch.images)
            logits = at_least_float32(logits)
            loss = _in_float64(F.cross_entropy(logits, batch.labels, reduction="none")).sum()
            right = _in_float64(logits.argmax(1) == batch.labels).sum()
            here = torch.stack([loss, right, torch.full_like(loss, len(batch.labels))])
            sums = here if sums is None else sums + here
    nothing = _in_float64(torch.zeros(3, device=choice.device))
    loss_sum, right_sum, n = total(nothing if sums is None else sums).tolist()
    return ValidationScores(round(n), loss_sum / n, 100 * right_sum / n)


def _in_float64(tensor: Tensor) -> Tensor:
    """Where it is, but on the processor where an Apple GPU, which has no such numbers, has it."""
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()
