"""How many directions a layer really uses."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

MOST_ROWS = 256  # more cost time, and no network was judged otherwise by them


def effective_rank(features: Float[Tensor, "samples units"]) -> float:
    """The exponential of the entropy of the singular values' shares, after the mean is taken off; 0 without spread.

    It lies between 1, where all samples lie on a line, and the number of units, where they fill all directions alike.

    Paper: Roy & Vetterli 2007, "The effective rank: a measure of effective dimensionality", Definition 1.

    Args:
        features: one row for each sample.
    """
    centred = features.double() - features.double().mean(dim=0)
    values = torch.linalg.svdvals(centred)
    total = values.sum()
    if not torch.isfinite(total) or total <= 0:
        return 0.0
    return float(torch.special.entr(values / total).sum().exp())


def feature_rows(output: Tensor, channels_last: bool) -> Float[Tensor, "samples channels"]:
    """Channels at up to 256 places, drawn from all images and positions; the same for the same shape.

    Args:
        output: of a layer, images first.
        channels_last: the last dimension has the channels, as in a linear layer; else the second.
    """
    if output.dim() < 3 or channels_last:
        rows = output.reshape(-1, output.shape[-1])
        return rows[_some(len(rows)).to(output.device)]
    positions = output.flatten(2)  # (N, C, places)
    at = _some(len(output) * positions.shape[2]).to(output.device)
    return positions[at // positions.shape[2], :, at % positions.shape[2]]


def _some(count: int) -> Tensor:
    """Some of so many places, in order: at random, for an even step would meet the same column of every image."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))[:MOST_ROWS].sort().values
