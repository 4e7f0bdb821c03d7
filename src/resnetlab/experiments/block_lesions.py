"""Many lesions of one network: blocks removed in many random orders at once, blocks that change places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

Order = dict[str, str]
"""For each place the block that stands there."""


def percent_wrong(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """The share of images classified wrong, in percent, by group.

    Args:
        model: in evaluation mode.
        images: (groups, N, C, H, W).
        labels: (groups, N).
    """
    logits = model(images.flatten(0, 1)).unflatten(0, labels.shape)
    return 100 * (logits.argmax(-1) != labels).double().mean(dim=1)


def errors_without(
    model: nn.Module, victims: Sequence[Sequence[str]], counts: Sequence[int], images: Tensor, labels: Tensor
) -> list[list[float]]:
    """% wrong by group and count, with the first `count` of a group's victims removed. The blocks stay changed.

    One forward pass serves all groups, where taking blocks out for each would need one pass each.

    Args:
        model: a residual network in evaluation mode.
        victims: for each group the names of all removable blocks in the order in which they go.
        counts: how many go.
        images: (groups, N, C, H, W).
        labels: (groups, N).
    """
    errors = []
    for count in counts:
        for name in victims[0]:
            kept = torch.tensor([name not in names[:count] for names in victims])
            model.get_submodule(name).merge = MergeForSome(kept.repeat_interleave(images.shape[1]))
        errors.append(percent_wrong(model, images, labels).tolist())
    return [list(group) for group in zip(*errors, strict=True)]


class MergeForSome(nn.Module):
    """F + x for the images that keep the block; for the others x alone, which the ReLU passes, as x ≥ 0.

    Args:
        kept: (N,), by image.
    """

    def __init__(self, kept: Tensor) -> None:
        super().__init__()
        self.kept = kept[:, None, None, None]

    def forward(self, branch: Tensor, skip: Tensor) -> Tensor:
        return torch.where(self.kept, branch + skip, skip)


def swap_by_swap(blocks: Mapping[str, tuple[int, ...]], swaps: int, random: np.random.Generator) -> list[Order]:
    """The orders that arise as one random pair of the same shape after another changes places.

    Args:
        blocks: names in their order, with the shape that each keeps.
        swaps: how many.
        random: where pairs are drawn from.
    """
    pairs = [(one, other) for one in blocks for other in blocks if one != other and blocks[one] == blocks[other]]
    orders = [{place: place for place in blocks}]
    for _ in range(swaps):
        one, other = pairs[random.integers(len(pairs))]
        before = orders[-1]
        orders.append(before | {one: before[other], other: before[one]})
    return orders[1:]


def disorder(order: Order) -> float:
    """The share of pairs of blocks that stand the other way round than their places do: (1 - Kendall's τ) / 2."""
    rank = {place: number for number, place in enumerate(order)}
    tau = stats.kendalltau(range(len(order)), [rank[name] for name in order.values()]).statistic
    return float((1 - tau) / 2)
