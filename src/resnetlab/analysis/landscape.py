"""The loss around a network's weights: on a line or a plane through them, in random directions normalised by filters.

Every filter of a direction has the norm of the network's own filter, so that a step of 1 goes as far, relative to the
weights, in one network as in another. Vectors, that is biases and the γ and β of norms, stay as they are.

Paper: Li, Xu, Taylor, Studer & Goldstein 2018, Section 4 and Figure 1.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.folded_norms import FoldedNorms
from resnetlab.analysis.scoring import BatchNorm, Examples, batch_norms
from resnetlab.core.errors import ResnetlabError

Direction = tuple[Tensor, ...]
"""A step for every parameter, in the order of `parameters()`."""

BatchnormMode = Literal["running", "batch"]
TINY = 1e-10


@dataclass(frozen=True)
class LandscapeSettings:
    """How a landscape is taken.

    Args:
        points: along each direction, 2 or more.
        extent: the steps go from minus this to this; 1 is as long as the weights themselves.
        directions: 1 for a line, 2 for a plane.
        batchnorm: "running": the statistics of the weights in the middle stay, as in the paper's code; "batch": every
            point has the statistics of each batch.
        dtype: of convolutions and products; None computes in the numbers of the weights.
        seed: of the directions.
    """

    points: int = 16
    extent: float = 1.0
    directions: Literal[1, 2] = 2
    batchnorm: BatchnormMode = "running"
    dtype: torch.dtype | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.points < 2 or not self.extent > 0 or self.directions not in (1, 2):
            raise ResnetlabError(
                f"a landscape of {self.points} points over ±{self.extent:g} in {self.directions} directions cannot be "
                "drawn\ngive 2 or more points, an extent above 0, and 1 or 2 directions"
            )


@dataclass(frozen=True)
class Landscape:
    """The loss on a line or a plane through the weights.

    Attributes:
        steps: along each direction, in units of the weights' own norm.
        losses: mean cross-entropy in nats at each point: a row for each step of the second direction, one row for a
            line. A loss that is no finite number is infinite.
        accuracies: share of the images classified right, in the same order.
        centre: loss at the weights themselves, in float32 or whatever they are.
        rounding: how far the loss at the weights is from `centre` in the numbers that the points were computed in.
        images: whose mean it is.
        batch_size: images that passed together.
        batchnorm: whose statistics; "none" where the network has no batch norm.
        dtype: of convolutions and products, "float32" or "bfloat16".
    """

    steps: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]
    accuracies: tuple[tuple[float, ...], ...]
    centre: float
    rounding: float
    images: int
    batch_size: int
    batchnorm: str
    dtype: str

    def as_json(self) -> dict[str, Any]:
        """The fields, ready for JSON: what is not finite is None."""
        losses = [[loss if math.isfinite(loss) else None for loss in row] for row in self.losses]
        return vars(self) | {"losses": losses, "centre": self.centre if math.isfinite(self.centre) else None}


def filter_normalised_direction(model: nn.Module, seed: int) -> Direction:
    """Draws a random direction in which every filter has the norm of the model's own filter.

    A filter is what makes one output: the first dimension of a parameter counts them. Vectors and frozen parameters
    get zeros.
    """
    random = torch.Generator().manual_seed(seed)
    steps = []
    for parameter in model.parameters():
        drawn = torch.randn(parameter.shape, generator=random).to(parameter)
        if parameter.dim() < 2 or not parameter.requires_grad:
            steps.append(torch.zeros_like(parameter, requires_grad=False))
            continue
        own, of_step = (tensor.detach().flatten(1).norm(dim=1) for tensor in (parameter, drawn))
        ratio = own / (of_step + TINY)
        steps.append(drawn * ratio.view(-1, *[1] * (parameter.dim() - 1)))
    return tuple(steps)


def measure_landscape(
    model: nn.Module,
    examples: Examples,
    settings: LandscapeSettings = LandscapeSettings(),
    say: Callable[[str], None] = lambda text: None,
) -> Landscape:
    """Takes the loss on a line or a plane through a classifier's weights; the model itself is not touched.

    Args:
        model: any classifier; a copy of it moves.
        examples: whose mean loss is taken.
        settings: points, extent, batch norm.
        say: told how far it has come.

    Raises:
        ResnetlabError: the model has no matrix or filter that could move.
    """
    twin, norms = _twin_that_moves(model, settings)
    directions = _directions(twin, settings)
    twin.requires_grad_(False)  # else autocast would keep its copies of weights that have moved on
    batches = _prepared(twin, examples)
    centre, _ = _loss_at(twin, batches, None)
    walk = _Walk(twin, tuple(twin.parameters()), FoldedNorms(twin, tuple(examples.images.shape[1:])))
    rounded = centre if settings.dtype is None else _loss_at(twin, batches, settings.dtype)[0]
    steps = torch.linspace(-settings.extent, settings.extent, settings.points, dtype=torch.float64).tolist()
    rows = []
    for number, weights in enumerate(walk.rows(directions, steps)):
        say(f"landscape, row {number + 1} of {1 if settings.directions == 1 else settings.points}")
        rows.append([_loss_at(twin, batches, settings.dtype) for _ in walk.along(weights, directions[0], steps)])
    return Landscape(
        steps=tuple(steps),
        losses=tuple(tuple(loss for loss, _ in row) for row in rows),
        accuracies=tuple(tuple(accuracy for _, accuracy in row) for row in rows),
        centre=centre,
        rounding=abs(rounded - centre),
        images=len(examples),
        batch_size=examples.batch_size,
        batchnorm=settings.batchnorm if norms else "none",
        dtype=str(settings.dtype or walk.parameters[0].dtype).removeprefix("torch."),
    )


@dataclass(frozen=True, eq=False)
class _Walk:
    """Moves a network from point to point.

    Args:
        twin: that moves.
        parameters: all that it had before norms were folded.
        folded: its folds, made anew at each point.
    """

    twin: nn.Module
    parameters: tuple[Tensor, ...]
    folded: FoldedNorms

    def rows(self, directions: list[Direction], steps: list[float]) -> Iterator[list[Tensor]]:
        """Weights in the middle of each row: the twin's own on a line, one step after another on a plane."""
        own = [parameter.detach().clone() for parameter in self.parameters]
        if len(directions) == 1:
            yield own
            return
        for step in steps:
            yield [weight.add(change, alpha=step) for weight, change in zip(own, directions[1], strict=True)]

    def along(self, weights: list[Tensor], direction: Direction, steps: list[float]) -> Iterator[float]:
        """Goes through the points of a row."""
        for step in steps:
            with torch.no_grad():
                for parameter, weight, change in zip(self.parameters, weights, direction, strict=True):
                    torch.add(weight, change, alpha=step, out=parameter.data)
            self.folded.refresh()
            yield step


def _directions(twin: nn.Module, settings: LandscapeSettings) -> list[Direction]:
    """One for each dimension of the landscape, drawn by the seed."""
    seeds = range(2 * settings.seed, 2 * settings.seed + settings.directions)
    directions = [filter_normalised_direction(twin, seed) for seed in seeds]
    if not any(step.any() for step in directions[0]):
        raise ResnetlabError("no parameter of two or more dimensions learns, so that there is no way to go from here")
    return directions


def _twin_that_moves(model: nn.Module, settings: LandscapeSettings) -> tuple[nn.Module, list[BatchNorm]]:
    """A copy in evaluation mode, and its batch norms, which train where the batches' statistics were asked for."""
    twin = copy.deepcopy(model).eval()
    norms = batch_norms(twin)
    for norm in norms if settings.batchnorm == "batch" else ():
        norm.train()
    return twin, norms


def _prepared(twin: nn.Module, examples: Examples) -> list[tuple[Tensor, Tensor]]:
    """Batches in the order of memory that convolutions like, made once for all points."""
    if examples.images.dim() == 4:
        twin.to(memory_format=torch.channels_last)
    parts = len(examples.batches())
    images = [
        part.contiguous(memory_format=torch.channels_last) if part.dim() == 4 else part for part in examples.batches()
    ]
    return list(zip(images, examples.labels.tensor_split(parts), strict=True))


def _loss_at(twin: nn.Module, batches: list[tuple[Tensor, Tensor]], dtype: torch.dtype | None) -> tuple[float, float]:
    """Mean loss and accuracy where the twin stands."""
    loss, right, images = 0.0, 0, 0
    device = batches[0][0].device.type
    running = [(norm, norm.running_mean, norm.running_var) for norm in batch_norms(twin) if norm.training]
    for norm, *_ in running:
        norm.running_mean = norm.running_var = None  # so that a batch's statistics are used and none are kept
    try:
        with torch.inference_mode(), nullcontext() if dtype is None else torch.autocast(device, dtype):
            for batch, labels in batches:
                logits = twin(batch).float()
                loss += F.cross_entropy(logits, labels, reduction="sum").item()
                right += int((logits.argmax(1) == labels).sum())
                images += len(labels)
    finally:
        for norm, mean, variance in running:
            norm.running_mean, norm.running_var = mean, variance
    return (loss / images if math.isfinite(loss) else math.inf), right / images
