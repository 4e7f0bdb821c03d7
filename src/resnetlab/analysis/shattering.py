"""Shattered gradients: how alike the gradients at neighbouring inputs are.

Paper: Balduzzi et al. 2017, Figures 1 and 2: along a line of inputs, the gradient of a deep plain network looks like
white noise, that of a residual network much less so.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.junctions import Junction, without_skips
from resnetlab.analysis.untouched import preserved
from resnetlab.core.errors import ResnetlabError

NO_GRADIENT = "no gradient of the outputs comes to the images: a part of the network is detached from the graph"


@dataclass(frozen=True)
class Autocorrelation:
    """Autocorrelation of the input gradient, lag by lag; `values[0]` is 1.

    Attributes:
        lags: distance on the grid, in steps.
        values: the correlation of gradients that far apart.
        noise: standard deviation that white noise of as many points and features would show, 1/√(n·features).
    """

    lags: tuple[int, ...]
    values: tuple[float, ...]
    noise: float


def input_gradients(
    model: nn.Module, grid: Float[Tensor, "n ..."], batch_size: int | None = None
) -> Float[Tensor, "n ..."]:
    """Gives at every input of the grid the gradient of the sum of all outputs.

    For a model that treats its inputs one by one that is each input's own gradient; batch norm in training mode
    ties those together that pass together, as in the paper. Buffers are given back as they were.

    Args:
        model: any module.
        grid: inputs, (n, ...).
        batch_size: inputs that pass at once; None for all.

    Raises:
        ResnetlabError: the outputs do not depend on the inputs, as far as gradients tell.
    """
    with preserved(model), torch.enable_grad():
        return torch.cat([_gradients_of(model, part) for part in grid.split(batch_size or len(grid))])


def _gradients_of(model: nn.Module, inputs: Tensor) -> Tensor:
    source = inputs.detach().requires_grad_()
    total = model(source.clone()).sum()
    (gradient,) = torch.autograd.grad(total, source, allow_unused=True) if total.requires_grad else (None,)
    if gradient is None:
        raise ResnetlabError(NO_GRADIENT)
    return gradient


def autocorrelation(gradients: Float[Tensor, "n ..."], max_lag: int, centred: bool = True) -> Autocorrelation:
    """Gives Σ ⟨g_i, g_(i+lag)⟩ / Σ ⟨g_i, g_i⟩ of a series of gradients.

    Args:
        gradients: along the grid, in order.
        max_lag: largest lag, below the number of points.
        centred: the mean over the grid is taken off first. The paper's theorems are about gradients as they are:
            their average is over draws of the weights, and there the mean is zero.

    Raises:
        ResnetlabError: the lag does not fit the grid, or all gradients are the same.
    """
    series = gradients.detach().double().flatten(1)
    points, features = series.shape
    if not 0 <= max_lag < points:
        raise ResnetlabError(f"max_lag {max_lag} does not fit a grid of {points} points; give 0 to {points - 1}")
    if centred:
        series = series - series.mean(dim=0)
    power = series.square().sum()
    if power == 0:
        raise ResnetlabError("the gradient is the same at every point of the grid: it has no autocorrelation")
    values = [(series[: points - lag] * series[lag:]).sum() / power for lag in range(max_lag + 1)]
    return Autocorrelation(
        lags=tuple(range(max_lag + 1)),
        values=tuple(value.item() for value in values),
        noise=(points * features) ** -0.5,
    )


def gradient_autocorrelation(
    model: nn.Module, grid: Float[Tensor, "n ..."], max_lag: int, batch_size: int | None = None
) -> Autocorrelation:
    """Gives the autocorrelation of the model's input gradient along a line of inputs.

    Args:
        model: any module.
        grid: inputs at even distances along a line, (n, features).
        max_lag: largest lag, in steps of the grid.
        batch_size: inputs that pass at once; None for all.
    """
    return autocorrelation(input_gradients(model, grid, batch_size), max_lag)


def line_of_images(
    first: Float[Tensor, "*image"], last: Float[Tensor, "*image"], points: int
) -> Float[Tensor, " points *image"]:
    """Gives images at even distances on the straight line between two, both included."""
    shares = torch.linspace(0, 1, points, device=first.device).view(-1, *[1] * first.dim())
    return first + shares * (last - first)


def shattering_with_and_without_skips(
    model: nn.Module,
    junctions: Sequence[Junction],
    grid: Float[Tensor, "n ..."],
    max_lag: int,
    batch_size: int | None = None,
) -> tuple[Autocorrelation, Autocorrelation | None]:
    """Gives the autocorrelation of a network as it is, and of its plain twin: all skips cut, the same weights.

    The twin's is None where its gradient is the same everywhere or does not come through, or there is no skip to cut.

    Args:
        model: any module, in the mode that its batch norms shall be in.
        junctions: its blocks' sums, from `find_junctions`.
        grid: inputs at even distances along a line, (n, ...).
        max_lag: largest lag, in steps of the grid.
        batch_size: inputs that pass at once; None for all.

    Raises:
        ResnetlabError: the lag does not fit the grid, or the network's own gradient is the same everywhere or does not
            come through.
    """
    whole = gradient_autocorrelation(model, grid, max_lag, batch_size)
    if not junctions:
        return whole, None
    with without_skips(model, junctions), suppress(ResnetlabError):
        return whole, gradient_autocorrelation(model, grid, max_lag, batch_size)
    return whole, None
