"""How the images of a training reach its network: held in memory or streamed, for this process among all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from resnetlab.actions.train_settings import TrainSettings
from resnetlab.core.errors import ImageError
from resnetlab.core.machine import usable_cores
from resnetlab.data.batches import Batches, evaluation_batches, memory_batches, streamed_batches
from resnetlab.data.held import Held, ready_images
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.preparation import Batch
from resnetlab.data.scan import left_out_remark
from resnetlab.specs.preprocessing import IMAGENET, Preprocessing
from resnetlab.training.distributed import World

MOST_WORKERS = 8
LARGEST_UNCUT = 96  # pixels: a side up to which images that are all of one size are shown whole
SAMPLE = 16  # images that tell whether all are of one size


@dataclass(frozen=True, eq=False)
class Feed:
    """How images reach the network.

    Args:
        asked: batch size, augmentation, seed, workers.
        how: what an image goes through.
        world: this process.
        channels_last: how a batch lies in memory.
    """

    asked: TrainSettings
    how: Preprocessing
    world: World
    channels_last: bool

    def training(self, images: LabelledImages) -> tuple[Batches, tuple[str, ...]]:
        """The batches of every epoch, changed at random; and what is to be known of them, a sentence or none.

        Raises:
            ImageError: some images cannot be read, and leaving them out was not asked for.
        """
        asked, (ready, remarks) = self.asked, self._ready(images)
        settings = self._settings | {"seed": asked.seed, "limit": asked.overfit_batches}
        if isinstance(ready, Held):
            return memory_batches(ready, self.how, asked.augment, **settings), remarks
        return streamed_batches(ready, self.how, asked.augment, workers=self._workers, **settings), remarks

    def evaluation(self, images: LabelledImages) -> tuple[Iterable[Batch], tuple[str, ...]]:
        """Every image once over all processes, as it is, again and again; and what is to be known of them.

        Raises:
            ImageError: as of `training`.
        """
        ready, remarks = self._ready(images)
        return evaluation_batches(ready, self.how, workers=self._workers, **self._settings), remarks

    @property
    def _settings(self) -> dict[str, Any]:
        return {
            "batch_size": self.asked.batch_size,
            "device": self.world.device,
            "channels_last": self.channels_last,
            "rank": self.world.rank,
            "ranks": self.world.ranks,
        }

    @property
    def _workers(self) -> int:
        return min(usable_cores(), MOST_WORKERS) if self.asked.workers is None else self.asked.workers

    def _ready(self, images: LabelledImages) -> tuple[Held | LabelledImages, tuple[str, ...]]:
        """The images after each was decoded once."""
        asked, quiet = self.asked, self.asked.quiet or not self.world.is_first
        ready, unreadable = ready_images(
            images, self.how, asked.augment, skip_unreadable=asked.skip_unreadable, quiet=quiet
        )
        return ready, left_out_remark(unreadable, len(images))


def usual_preprocessing(images: LabelledImages, size: int | None, known: Preprocessing | None) -> Preprocessing:
    """What images go through on their way to a network.

    Args:
        images: to be trained on.
        size: of the square that the network sees, where the user said.
        known: what the network is known to have been trained with.
    """
    how = known or images.own or _by_looking(images)
    if size is None or size == how.size:
        return how
    return replace(how, size=size, resize=round(size * how.resize / how.size))


def _by_looking(images: LabelledImages) -> Preprocessing:
    """Small images of one size whole, others as ImageNet's; in its mean and deviation."""
    shapes: set[tuple[int, ...]] = set()
    for number in range(0, len(images), -(-len(images) // SAMPLE)):
        with suppress(ImageError):  # it is told of later, among all others
            shapes.add(tuple(images.read(number).shape))
    sides = {shape[1:] for shape in shapes}
    side = sides.pop()[0] if len(sides) == 1 and len({*next(iter(sides))}) == 1 else None
    how = replace(IMAGENET, size=side, resize=side) if side is not None and side <= LARGEST_UNCUT else IMAGENET
    grey = {shape[0] for shape in shapes} == {1}
    return replace(how, mean=IMAGENET.mean[1:2], std=IMAGENET.std[1:2]) if grey else how
