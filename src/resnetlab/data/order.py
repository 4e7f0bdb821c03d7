"""Which images make which batch: the same for any number of processes, from any step on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from resnetlab.core.errors import ResnetlabError
from resnetlab.data.randomness import Purpose, hashes


def epoch_order(count: int, seed: int, epoch: int) -> Int[Tensor, " count"]:
    """All numbers below `count` in an order that is new each epoch, and always the same for the same seed and epoch.

    Args:
        count: images.
        seed: of the whole training.
        epoch: from 0.
    """
    return torch.from_numpy(np.argsort(hashes(Purpose.ORDER, seed, epoch, np.arange(count))[:, 0]))


@dataclass(frozen=True)
class BatchOrder:
    """Every batch is one stretch of its epoch's order, of which each process takes every so-manieth image.

    Args:
        name: of the data, for messages.
        count: images.
        batch_size: of the global batch; a smaller last batch is left out.
        seed: of the order.
        rank: this process, from 0.
        ranks: processes that share a batch.
        limit: only the first so many batches of the first epoch, in every epoch again.

    Raises:
        ResnetlabError: the data does not fill a batch, or processes would get unequal shares.
    """

    name: str
    count: int
    batch_size: int
    seed: int
    rank: int = 0
    ranks: int = 1
    limit: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= self.count:
            raise ResnetlabError(
                f"--batch-size {self.batch_size} is impossible: {self.name} has {self.count:,} training images\n"
                f"give 1 to {self.count}"
            )
        if self.batch_size % self.ranks:
            raise ResnetlabError(
                f"--batch-size {self.batch_size} cannot be shared evenly by {self.ranks} processes\n"
                f"give a multiple of {self.ranks}"
            )
        if self.limit is not None and self.limit < 1:
            raise ResnetlabError(f"--overfit-batches {self.limit} is impossible\ngive 1 or more")

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        whole = self.count // self.batch_size
        return whole if self.limit is None else min(self.limit, whole)

    def parts(self, epoch: int, first: int = 0) -> Int[Tensor, "steps share"]:
        """What this process takes of each batch.

        Args:
            epoch: from 0.
            first: batch to begin with, from 0.
        """
        order = epoch_order(self.count, self.seed, 0 if self.limit else epoch)
        batches = order[: self.steps * self.batch_size].view(self.steps, self.batch_size)
        return batches[first:, self.rank :: self.ranks]
