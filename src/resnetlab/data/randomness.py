"""Random numbers that are looked up, not drawn: what happens to an image follows from (seed, epoch, its index) alone.

A generator with a state gives other numbers when batches are cut otherwise, when workers share them, or when training
goes on in the middle of an epoch. Here every number is a hash of where it belongs, so none of that matters.

Source: the finaliser of SplitMix64, Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples of it are spread evenly
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
BITS_OF_A_DOUBLE = 53


class Purpose(IntEnum):
    """What numbers are for; those of one purpose tell nothing of another's."""

    CHANGES = 0
    ORDER = 1
    SPLIT = 2
    PIXELS = 3
    MIXING = 4


def hashes(purpose: Purpose, seed: int, epoch: int, indices: ArrayLike, draws: int = 1) -> NDArray[np.uint64]:
    """(n, draws) numbers of 64 bits; of different indices, the first draw is never the same.

    Args:
        purpose: what they are for.
        seed: of the whole training.
        epoch: or whatever else counts.
        indices: (n,), of images.
        draws: numbers for each.
    """
    state = np.zeros(1, np.uint64)
    for part in (seed, int(purpose), epoch):
        state = _mix(state + _place(np.array([part % 2**64], np.uint64)))
    each = _mix(state + _place(np.asarray(indices).astype(np.uint64)))
    return _mix(each[:, None] + _place(np.arange(draws, dtype=np.uint64)))


def uniforms(seed: int, epoch: int, indices: Int[Tensor, " n"], draws: int) -> Float[Tensor, "n draws"]:
    """Numbers from 0, below 1, in double precision, for the changes of images.

    Args:
        seed: of the whole training.
        epoch: from 0.
        indices: of images.
        draws: numbers for each.
    """
    bits = hashes(Purpose.CHANGES, seed, epoch, indices.numpy(), draws) >> np.uint64(64 - BITS_OF_A_DOUBLE)
    return torch.from_numpy(bits.astype(np.float64) * 2.0**-BITS_OF_A_DOUBLE)


@contextmanager
def seeded(purpose: Purpose, seed: int, epoch: int, index: int = 0) -> Iterator[None]:
    """PyTorch's own random state on the processor, set for what is done inside, and as it was afterwards.

    Args:
        purpose: what is drawn.
        seed: of the whole training.
        epoch: or whatever else counts.
        index: of the image.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(hashes(purpose, seed, epoch, [index])[0, 0] >> np.uint64(1)))
        yield


def _place(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (numbers + np.uint64(1)) * GOLDEN


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit given; no two numbers give the same."""
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))
