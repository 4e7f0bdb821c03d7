"""Stochastic depth that saves time: a dropped block's branch is not computed at all, for the whole batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from resnetlab.nn import ResidualBlock, ResidualNetwork
from resnetlab.nn.merges import Merge, SkipOnly


class ShallowInTraining(nn.Module):
    """A residual network that loses blocks at random in every training step, and has them all when it is evaluated.

    Paper:
        Huang et al. 2016, Eq. 2 to 5. Block ℓ of L survives a step with probability 1 − ℓ/L · (1 − p); evaluated, its
        branch is multiplied by that.

    Args:
        model: changed in place.
        last_survival: p, of the last block.
    """

    def __init__(self, model: ResidualNetwork, last_survival: float = 0.5) -> None:
        super().__init__()
        self.model = model
        count = len(model.blocks)
        self.survival = [1 - (number / count) * (1 - last_survival) for number in range(1, count + 1)]
        for block, probability in zip(model.blocks, self.survival, strict=True):
            block.merge = Merge(on_branch=_ScaledInEvaluation(probability))

    def forward(self, images: Tensor) -> Tensor:
        drawn = torch.rand(len(self.survival)).tolist() if self.training else [0.0] * len(self.survival)
        odds = zip(self.model.blocks, drawn, self.survival, strict=True)
        with without_branches([block for block, chance, survival in odds if chance >= survival]):
            logits: Tensor = self.model(images)
        return logits


@contextmanager
def without_branches(blocks: Sequence[ResidualBlock]) -> Iterator[None]:
    """Inside, these blocks are their skips, and their branches take no time."""
    merges = [block.merge for block in blocks]
    for block in blocks:
        vars(block)["branch"] = _as_it_is  # in the way of the class's own
        block.merge = SkipOnly()
    try:
        yield
    finally:
        for block, merge in zip(blocks, merges, strict=True):
            del vars(block)["branch"]
            block.merge = merge


def _as_it_is(h: Tensor) -> Tensor:
    return h


class _ScaledInEvaluation(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x if self.training else self.factor * x
