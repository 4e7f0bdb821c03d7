"""How right a classifier is on a handful of images, and batch norms that take their statistics from these images."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.untouched import in_evaluation_mode, preserved

BatchNorm = nn.modules.batchnorm._BatchNorm


@dataclass(frozen=True, eq=False)
class Examples:
    """Images with their classes, looked at again and again.

    Args:
        images: (N, C, H, W), normalised as the model expects, on its device.
        labels: (N,) class of each.
        batch_size: images that may pass at once.
    """

    images: Float[Tensor, "n ..."]
    labels: Int[Tensor, " n"]
    batch_size: int = 256

    def __len__(self) -> int:
        return len(self.images)

    def first(self, count: int) -> Examples:
        """The first so many of them, all if there are fewer."""
        return Examples(self.images[:count], self.labels[:count], self.batch_size)

    def batches(self) -> tuple[Tensor, ...]:
        """The images in parts of nearly one size, so that no batch norm meets a single image at the end."""
        return self.images.tensor_split(max(1, math.ceil(len(self) / self.batch_size)))


@dataclass(frozen=True)
class Score:
    """How right a network is.

    Attributes:
        accuracy: share of the images that are classified right.
        loss: mean cross-entropy, in nats.
        agreement: share of the images that are classified as by the network it is compared with.
    """

    accuracy: float
    loss: float
    agreement: float = 1.0


def logits_of(model: nn.Module, examples: Examples) -> Float[Tensor, "n classes"]:
    """Gives the logits of all the images, without gradients, in the mode that the model is in."""
    with torch.no_grad():
        return torch.cat([model(batch).float() for batch in examples.batches()])


def score(
    model: nn.Module, examples: Examples, compared: Float[Tensor, "n classes"] | None = None
) -> tuple[Score, Float[Tensor, "n classes"]]:
    """Tells how right a model is in evaluation mode, and gives its logits.

    Args:
        model: any classifier.
        examples: what it is to classify.
        compared: logits of the network that it is compared with.
    """
    with in_evaluation_mode(model):
        logits = logits_of(model, examples)
    said = logits.argmax(1)
    agreement = 1.0 if compared is None else (said == compared.argmax(1)).double().mean().item()
    accuracy = (said == examples.labels).double().mean().item()
    return Score(accuracy, F.cross_entropy(logits, examples.labels).item(), agreement), logits


def batch_norms(model: nn.Module) -> list[BatchNorm]:
    """The batch norms that keep running statistics."""
    return [module for module in model.modules() if isinstance(module, BatchNorm) and module.track_running_stats]


@contextmanager
def batchnorm_reestimated(model: nn.Module, examples: Examples) -> Iterator[None]:
    """Inside the block the model evaluates with the statistics of these images; buffers and modes are given back.

    Whatever is changed around this block, branches removed for instance, shapes these statistics.
    """
    with preserved(model):
        estimate_batchnorm(model, examples.batches())
        model.eval()
        yield


def estimate_batchnorm(model: nn.Module, batches: Iterable[Float[Tensor, "_ ..."]]) -> None:
    """Gives the batch norms the mean and variance of these batches, all weighted alike.

    Nothing else trains meanwhile, so that dropout and drop paths stay still. Momenta and modes stay.
    """
    norms = batch_norms(model)
    momenta = [norm.momentum for norm in norms]
    try:
        with in_evaluation_mode(model), torch.no_grad():
            for norm in norms:
                norm.reset_running_stats()
                norm.momentum = None  # cumulative: every batch counts alike
                norm.train()
            for batch in batches:
                model(batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
