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


@dataclass(frozen=True)
class Delivery:
    """How images come to a network, a batch at a time.

    Args:
        how: size, channels, normalisation.
        batch_size: of the global batch.
        place: where batches go.
        rank: this process, from 0.
        ranks: processes that share a batch.
        workers: processes that read, where images are not held in memory; 0 to read in this one.
        alike: each process gets as many batches of an evaluation, empty ones too, as all compute together.
    """

    how: Preprocessing
    batch_size: int
    place: Place
    rank: int = 0
    ranks: int = 1
    workers: int = 0
    alike: bool = False


def training_batches(
    images: Held | LabelledImages,
    delivery: Delivery,
    augmentation: Augmentation,
    *,
    seed: int,
    limit: int | None = None,
) -> Batches:
    """The batches to train on; the same, bit for bit, from memory or from files, for any number of workers.

    On a graphics card images that are held are held there.

    Args:
        images: held, as squares of `how.size` and not to be changed one by one, or to be read when they are needed.
        delivery: how they come to the network.
        augmentation: random changes.
        seed: of order and changes.
        limit: only the first so many batches of the first epoch, unchanged, in every epoch again.

    Raises:
        ResnetlabError: the data does not fill a batch, or processes would get unequal shares.
    """
    order = BatchOrder(images.name, len(images), delivery.batch_size, seed, delivery.rank, delivery.ranks, limit)
    changes = augmentation if limit is None else Augmentation()
    preparation = Preparation(delivery.how, changes, seed, len(images.classes))
    if isinstance(images, Held):
        return _MemoryBatches(images, order, preparation, delivery.place)
    return _StreamedBatches(images, order, preparation, delivery.place, delivery.workers)


class _MemoryBatches:
    def __init__(self, held: Held, order: BatchOrder, preparation: Preparation, place: Place) -> None:
        self.labels, self.order, self.preparation, self.place = held.labels, order, preparation, place
        self.images = held.images.to(place.device)

    @property
    def steps(self) -> int:
        return self.order.steps

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        do = self.preparation
        for step, indices in enumerate(self.order.parts(number, first), number * self.steps + first):
            squares = self.images[indices.to(self.images.device)]
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


def evaluation_batches(images: Held | LabelledImages, delivery: Delivery) -> Iterable[Batch]:
    """Every image once, unchanged, in order; over all processes too. It can be gone through again and again.

    The last batch may be smaller; a process that has no image of it has a batch less.

    Args:
        images: held, as squares of `how.size`, or to be read.
        delivery: how they come to the network.
    """
    stretches = torch.arange(len(images)).split(delivery.batch_size)
    shares = [stretch[delivery.rank :: delivery.ranks] for stretch in stretches]
    parts = [share for share in shares if len(share)]
    preparation, place = Preparation(delivery.how), delivery.place
    batches = (
        _HeldParts(images, parts, preparation, place)
        if isinstance(images, Held)
        else _ReadParts(Stream(images, preparation, delivery.workers, pins=place.pins), parts, preparation, place)
    )
    return _Filled(batches, delivery.how, place) if delivery.alike and len(parts) < len(shares) else batches


@dataclass(frozen=True, eq=False)
class _Filled:
    """Batches, and one without images after them."""

    batches: Iterable[Batch]
    how: Preprocessing
    place: Place

    def __iter__(self) -> Iterator[Batch]:
        yield from self.batches
        none = torch.zeros(0, self.how.channels, self.how.size, self.how.size, device=self.place.device)
        yield Batch(none, torch.zeros(0, dtype=torch.int64, device=self.place.device))


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
