"""The batches of every epoch: of images held in memory, or of images that workers read ahead.

`batch_size` is that of the global batch. Each is one stretch of the epoch's order, and rank r takes every image of it
from the r-th on in steps of `ranks`, so that any number of processes sees the same global batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from resnetlab.data.held import Held
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.order import BatchOrder
from resnetlab.data.preparation import Batch, Place, Preparation
from resnetlab.data.streaming import Stream
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import Preprocessing


class Batches(Protocol):
    """The batches of every epoch: always the same ones for the same epoch, from any step on."""

    @property
    def steps(self) -> int:
        """Batches of an epoch; a smaller last batch is left out."""

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, counted from 0, without those before `first`, which are not even read."""


def memory_batches(
    held: Held,
    how: Preprocessing,
    augmentation: Augmentation,
    *,
    batch_size: int,
    seed: int,
    device: str,
    channels_last: bool,
    rank: int = 0,
    ranks: int = 1,
    limit: int | None = None,
) -> Batches:
    """Batches of images in memory; on a graphics card the images are held there.

    Args:
        held: squares of `how.size`.
        how: normalisation.
        augmentation: random changes.
        batch_size: of the global batch.
        seed: of order and changes.
        device: of the network.
        channels_last: the order of values in memory that its convolutions do fast.
        rank: this process, from 0.
        ranks: processes that share a batch.
        limit: only the first so many batches of the first epoch, unchanged, in every epoch again.

    Raises:
        ResnetlabError: the data does not fill a batch, or processes would get unequal shares.
    """
    order = BatchOrder(held.name, len(held), batch_size, seed, rank, ranks, limit)
    changes = augmentation if limit is None else Augmentation()
    return _MemoryBatches(
        held, order, Preparation(how, changes, seed, len(held.classes)), Place(device, channels_last)
    )


def streamed_batches(
    labelled: LabelledImages,
    how: Preprocessing,
    augmentation: Augmentation,
    *,
    batch_size: int,
    seed: int,
    device: str,
    channels_last: bool,
    workers: int,
    rank: int = 0,
    ranks: int = 1,
    limit: int | None = None,
) -> Batches:
    """Batches of images that are read when they are needed; the same, bit for bit, for any number of workers.

    Args:
        labelled: images of any size.
        how: size, channels, normalisation.
        augmentation: random changes.
        batch_size: of the global batch.
        seed: of order and changes.
        device: of the network.
        channels_last: the order of values in memory that its convolutions do fast.
        workers: processes that read; 0 to read in this one.
        rank: this process, from 0.
        ranks: processes that share a batch.
        limit: only the first so many batches of the first epoch, unchanged, in every epoch again.

    Raises:
        ResnetlabError: the data does not fill a batch, or processes would get unequal shares.
    """
    order = BatchOrder(labelled.name, len(labelled), batch_size, seed, rank, ranks, limit)
    changes = augmentation if limit is None else Augmentation()
    preparation = Preparation(how, changes, seed, len(labelled.classes))
    return _StreamedBatches(labelled, order, preparation, Place(device, channels_last), workers)


class _MemoryBatches:
    def __init__(self, held: Held, order: BatchOrder, preparation: Preparation, place: Place) -> None:
        self.labels, self.order, self.preparation, self.place = held.labels, order, preparation, place
        one_by_one = preparation.augmentation.is_of_pixels  # which a processor does faster
        self.images = held.images if one_by_one else held.images.to(place.device)

    @property
    def steps(self) -> int:
        return self.order.steps

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        do = self.preparation
        for step, indices in enumerate(self.order.parts(number, first), number * self.steps + first):
            squares = self.images[indices.to(self.images.device)]
            if do.augmentation.crop_scale is not None:
                whole = zip(squares, indices.tolist(), strict=True)
                squares = torch.stack([do.square(image, number, index) for image, index in whole])
            changed = do.changed(squares, number, indices)
            yield do.batch(changed, self.labels[indices], number, indices, step, self.place)


class _StreamedBatches:
    def __init__(
        self, labelled: LabelledImages, order: BatchOrder, preparation: Preparation, place: Place, workers: int
    ) -> None:
        self.order, self.preparation, self.place = order, preparation, place
        self.stream = Stream(labelled, preparation, workers, pins=place.pins)

    @property
    def steps(self) -> int:
        return self.order.steps

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        parts = self.order.parts(number, first)
        for at, (squares, labels) in enumerate(self.stream.read(number, parts)):
            step = number * self.steps + first + at
            yield self.preparation.batch(squares, labels, number, parts[at], step, self.place)


def evaluation_batches(
    images: Held | LabelledImages,
    how: Preprocessing,
    *,
    batch_size: int,
    device: str,
    channels_last: bool,
    workers: int = 0,
    rank: int = 0,
    ranks: int = 1,
) -> Iterable[Batch]:
    """Every image once, unchanged, in order; over all processes too. It can be gone through again and again.

    Args:
        images: held, as squares of `how.size`, or to be read.
        how: size, channels, normalisation.
        batch_size: over all processes; the last batch may be smaller, and empty ones are left out.
        device: of the network.
        channels_last: the order of values in memory that its convolutions do fast.
        workers: processes that read, where images are not held; 0 to read in this one.
        rank: this process, from 0.
        ranks: processes that share the images.
    """
    stretches = torch.arange(len(images)).split(batch_size)
    parts = [part for stretch in stretches if len(part := stretch[rank::ranks])]
    preparation, place = Preparation(how), Place(device, channels_last)
    if isinstance(images, Held):
        return _HeldParts(images, parts, preparation, place)
    return _ReadParts(Stream(images, preparation, workers, pins=place.pins), parts, preparation, place)


@dataclass(frozen=True, eq=False)
class _HeldParts:
    held: Held
    parts: list[Tensor]
    preparation: Preparation
    place: Place

    def __iter__(self) -> Iterator[Batch]:
        for part in self.parts:
            yield self.preparation.batch(self.held.images[part], self.held.labels[part], 0, part, 0, self.place)


@dataclass(frozen=True, eq=False)
class _ReadParts:
    stream: Stream[tuple[Tensor, Tensor]]
    parts: list[Tensor]
    preparation: Preparation
    place: Place

    def __iter__(self) -> Iterator[Batch]:
        for part, (squares, labels) in zip(self.parts, self.stream.read(0, self.parts), strict=True):
            yield self.preparation.batch(squares, labels, 0, part, 0, self.place)
