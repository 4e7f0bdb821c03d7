"""Looks at every image once, in processes: which cannot be read is known before anything is done with the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from jaxtyping import Int
from torch import Tensor

from resnetlab.core.errors import ImageError
from resnetlab.core.machine import usable_cores
from resnetlab.core.terminal import progress_bar
from resnetlab.data.images import check_image
from resnetlab.data.labelled import LabelledImages, Stack, subset
from resnetlab.data.streaming import Stream, Work

AT_ONCE = 128  # images that travel together
WORTH_PROCESSES = 1000  # images, from which on starting processes takes less time than it saves
MOST_PROCESSES = 8
MOST_NAMED = 3  # unreadable images in a message
MOST_DECODED = 10_000  # images that are streamed, up to which each is decoded before training
SAMPLE = 1_000  # images without files that are decoded before, where there are more
Seen = TypeVar("Seen")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Unreadable:
    """An image that cannot be read.

    Args:
        number: its place among all.
        path: of its file, or what else it is called.
        reason: with the remedy on a second line.
    """

    number: int
    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Looks(Generic[Seen]):
    """Work for a stream: what `look` sees of each image, or why it cannot be read.

    Args:
        look: takes an image, (C, H, W); what it gives should be small.
    """

    look: Callable[[Tensor], Seen]

    def one(self, read: Callable[[], Tensor], epoch: int, index: int) -> Seen | ImageError:
        """What is seen of one image."""
        try:
            return self.look(read())
        except ImageError as error:
            return error

    def together(self, ones: list[Any], labels: list[int], epoch: int, indices: list[int]) -> list[Any]:
        """As they are."""
        return ones


class Group(Protocol):
    """Processes that go through images together, each its stretch of them."""

    @property
    def rank(self) -> int:
        """This process, from 0."""

    @property
    def ranks(self) -> int:
        """How many there are."""

    @property
    def local_ranks(self) -> int:
        """How many of them share this machine's cores and memory."""

    def gather(self, mine: Made) -> list[Made]:
        """What each of them has, in their order; all come here."""


@dataclass(frozen=True)
class Alone:
    """A process that goes through all images itself."""

    rank: int = 0
    ranks: int = 1
    local_ranks: int = 1

    def gather(self, mine: Made) -> list[Made]:
        """Its own."""
        return [mine]


def go_through(
    labelled: LabelledImages,
    work: Work[Made],
    what: str,
    *,
    quiet: bool = False,
    group: Group = Alone(),
    numbers: Int[Tensor, " n"] | None = None,
) -> Iterator[Made]:
    """What is made of this process's stretch of images, `AT_ONCE` of them at a time, in order.

    Args:
        labelled: images of any size.
        work: done in processes where there are many images.
        what: stands beside the progress bar.
        quiet: show no progress.
        group: that goes through them together.
        numbers: of the images; None for all.
    """
    every = torch.arange(len(labelled)) if numbers is None else numbers
    mine = every.tensor_split(group.ranks)[group.rank]
    many = len(mine) >= WORTH_PROCESSES and not isinstance(labelled.read, Stack)
    processes = min(max(1, usable_cores() // group.local_ranks), MOST_PROCESSES)
    stream = Stream(labelled, work, processes if many else 0)
    parts = [part for part in mine.split(AT_ONCE) if len(part)]
    with progress_bar(what, len(mine), quiet) as advance:
        for part, made in zip(parts, stream.read(0, parts), strict=True):
            yield made
            advance(len(part))


def readable(
    labelled: LabelledImages,
    *,
    skip_unreadable: bool = False,
    quiet: bool = False,
    group: Group = Alone(),
) -> tuple[LabelledImages, tuple[Unreadable, ...]]:
    """The images that can be read, after every one has been decoded once; and the others.

    Args:
        labelled: images of any size; those in memory are not looked at.
        skip_unreadable: leave out those that cannot be read; else they are an error.
        quiet: show no progress.
        group: processes that look together.

    Raises:
        ImageError: some cannot be read, and leaving them out was not asked for; or none can.
    """
    if isinstance(labelled.read, Stack):
        return labelled, ()
    errors = _errors(labelled, Looks(_nothing), quiet, group)
    unreadable = refuse_unreadable(labelled, errors, skip_unreadable=skip_unreadable)
    if not unreadable:
        return labelled, ()
    numbers = [number for number in range(len(labelled)) if number not in errors]
    return subset(labelled, numbers, labelled.split), unreadable


def refuse_at_a_glance(labelled: LabelledImages, *, quiet: bool = False, group: Group = Alone()) -> str:
    """Look at the beginning and the end of every file, or decode some images where there are no files; says which.

    Raises:
        ImageError: some cannot be read.
    """
    if labelled.files:
        errors, how = _errors(replace(labelled, read=_Glance(labelled.files)), Looks(_nothing), quiet, group), "files"
    else:
        some = torch.arange(0, len(labelled), -(-len(labelled) // SAMPLE))
        errors, how = _errors(labelled, Looks(_nothing), quiet, group, some), "sample"
    refuse_unreadable(labelled, errors, skip_unreadable=False)
    if how == "files":
        return "beginning and end of every file were looked at"
    return f"{SAMPLE:,} of them were decoded before"


def _errors(
    labelled: LabelledImages, work: Looks[None], quiet: bool, group: Group, numbers: Int[Tensor, " n"] | None = None
) -> dict[int, ImageError]:
    """Why images cannot be read, by their numbers."""
    every = range(len(labelled)) if numbers is None else numbers.tolist()
    mine = go_through(labelled, work, "checking images", quiet=quiet, group=group, numbers=numbers)
    seen = [one for their in group.gather([one for part in mine for one in part]) for one in their]
    return {number: one for number, one in zip(every, seen, strict=True) if one is not None}


@dataclass(frozen=True)
class _Glance:
    """Reads nothing of an image but whether it is one."""

    files: Sequence[Path]

    def __call__(self, at: int) -> Tensor:
        check_image(self.files[at])
        return torch.empty(0)


def refuse_unreadable(
    labelled: LabelledImages, errors: dict[int, ImageError], *, skip_unreadable: bool
) -> tuple[Unreadable, ...]:
    """What is told of images that cannot be read.

    Args:
        labelled: all images.
        errors: by the numbers of those that cannot be read.
        skip_unreadable: they are to be left out; else they are an error.

    Raises:
        ImageError: names the first few.
    """
    unreadable = unreadable_images(labelled, errors)
    if unreadable and (not skip_unreadable or len(unreadable) == len(labelled)):
        raise unreadable_error([one.reason for one in unreadable], len(labelled))
    return unreadable


def unreadable_images(labelled: LabelledImages, errors: dict[int, ImageError]) -> tuple[Unreadable, ...]:
    """What is told of each image that cannot be read.

    Args:
        labelled: all images.
        errors: by the numbers of those that cannot be read.
    """
    return tuple(
        Unreadable(number, str(labelled.files[number]) if labelled.files else labelled.name_of(number), str(error))
        for number, error in errors.items()
    )


def unreadable_error(reasons: Sequence[str], count: int) -> ImageError:
    """Names the first few; one line for all, that the remedy is still seen.

    Args:
        reasons: why images cannot be read, one for each.
        count: of all images.
    """
    said = "; ".join(reason.splitlines()[0] for reason in reasons[:MOST_NAMED])
    more = f"; and {len(reasons) - MOST_NAMED} more" if len(reasons) > MOST_NAMED else ""
    return ImageError(
        f"{len(reasons)} of {count} images cannot be read: {said}{more}\n"
        "replace them, or leave them out with --skip-unreadable"
    )


def left_out_remark(unreadable: Sized, count: int) -> tuple[str, ...]:
    """What is said of images that were left out: a sentence, or none.

    Args:
        unreadable: those.
        count: of all images.
    """
    return (f"{len(unreadable)} of {count} images could not be read and are left out",) if unreadable else ()


def _nothing(image: Tensor) -> None:
    """It could be read, which is all that is asked."""
