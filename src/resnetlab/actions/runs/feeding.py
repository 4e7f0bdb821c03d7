"""How the images of a training reach its network: held in memory or streamed, for this process among all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.core.errors import ImageError
from resnetlab.core.machine import usable_cores
from resnetlab.data.batches import Batches, Delivery, evaluation_batches, training_batches
from resnetlab.data.held import Held, fits_in_memory, hold
from resnetlab.data.labelled import LabelledImages, Stack
from resnetlab.data.preparation import Batch, Place
from resnetlab.data.scan import MOST_DECODED, Unreadable, left_out_remark, readable, refuse_at_a_glance
from resnetlab.specs.preprocessing import IMAGENET, Preprocessing
from resnetlab.training.distributed import World

MOST_WORKERS = 8
LARGEST_UNCUT = 96  # pixels: a side up to which images that are all of one size are shown whole
SAMPLE = 16  # images that tell whether all are of one size
MOST_REHEARSED = 1_000  # images that are read for a rehearsal, which needs a few


@dataclass(frozen=True, eq=False)
class Feed:
    """How images reach the network.

    Args:
        asked: batch size, augmentation, seed, workers.
        how: what an image goes through.
        world: this process.
        channels_last: how a batch lies in memory.
        images: of all parts of the data together.
        rehearses: few batches are wanted, so many images are not all read before the first.

    Attributes:
        left_out: all that could not be read so far.
    """

    asked: TrainSettings
    how: Preprocessing
    world: World
    channels_last: bool
    images: int
    rehearses: bool = False
    left_out: list[str] = field(default_factory=list, init=False)

    def training(self, images: LabelledImages) -> tuple[Batches, str, tuple[str, ...]]:
        """The batches of every epoch, changed at random; where its images are; and what is to be known of them, a
        sentence or none.

        Raises:
            ImageError: some images cannot be read, and leaving them out was not asked for.
        """
        asked = self.asked
        ready, where, remarks = self._ready(images, one_by_one=asked.augment.is_of_pixels)
        limit = asked.overfit_batches
        batches = training_batches(ready, self._delivery, asked.augment, seed=asked.seed, limit=limit)
        return batches, where, remarks

    def evaluation(self, images: LabelledImages) -> tuple[Iterable[Batch], tuple[str, ...]]:
        """Every image once over all processes, as it is, again and again; and what is to be known of them.

        Raises:
            ImageError: as of `training`.
        """
        ready, _, remarks = self._ready(images)
        return evaluation_batches(ready, self._delivery), remarks

    @property
    def _delivery(self) -> Delivery:
        place = Place(self.world.device, self.channels_last)
        alike = self.asked.shard and self.world.ranks > 1
        rank, ranks = self.world.rank, self.world.ranks
        return Delivery(self.how, self.asked.batch_size, place, rank, ranks, self._workers, alike)

    @property
    def _workers(self) -> int:
        share = max(1, usable_cores() // self.world.local_ranks)
        return min(share, MOST_WORKERS) if self.asked.workers is None else self.asked.workers

    def _ready(
        self, images: LabelledImages, one_by_one: bool = False
    ) -> tuple[Held | LabelledImages, str, tuple[str, ...]]:
        """The images, where they are, and what was left out: held where they take little room and are not changed one
        by one, else read when they are needed."""
        skip, quiet = self.asked.skip_unreadable, self.asked.quiet or not self.world.is_first
        few = len(images) <= MOST_REHEARSED or not self.rehearses or skip
        in_memory = isinstance(images.read, Stack)
        fits = fits_in_memory(self.images, self.how, self.world.local_ranks)
        if fits and not one_by_one and (few or in_memory):
            held = hold(images, self.how, skip_unreadable=skip, quiet=quiet, group=self.world)
            size = held.images.numel() * held.images.element_size() / 1e6
            return held, f"held in memory ({size:,.0f} MB)", self._leave_out(held.unreadable, len(images))
        when = f"by {self._workers} processes, each image when it is needed" if self._workers else "one by one"
        if in_memory or (few and (skip or len(images) <= MOST_DECODED)):
            ready, unreadable = readable(images, skip_unreadable=skip, quiet=quiet, group=self.world)
            return ready, f"read {when}; all could be decoded before", self._leave_out(unreadable, len(images))
        looked = refuse_at_a_glance(images, quiet=quiet, group=self.world)
        return images, f"read {when}; {looked}, damage within one ends training; data inspect decodes all", ()

    def _leave_out(self, unreadable: Sequence[Unreadable], count: int) -> tuple[str, ...]:
        self.left_out.extend(f"{one.number} {Path(one.path).name}" for one in unreadable)
        return left_out_remark(unreadable, count)


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
