"""Looks at every image once, in processes: which cannot be read is known before anything is done with the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from resnetlab.core.errors import ImageError
from resnetlab.core.machine import usable_cores
from resnetlab.core.terminal import progress_bar
from resnetlab.data.labelled import LabelledImages, Stack, subset
from resnetlab.data.streaming import Stream, Work

AT_ONCE = 128  # images that travel together
WORTH_PROCESSES = 1000  # images, from which on starting processes takes less time than it saves
MOST_PROCESSES = 8
MOST_NAMED = 3  # unreadable images in a message
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


def go_through(labelled: LabelledImages, work: Work[Made], what: str, *, quiet: bool = False) -> Iterator[Made]:
    """What is made of all images, `AT_ONCE` of them at a time, in order.

    Args:
        labelled: images of any size.
        work: done in processes where there are many images.
        what: stands beside the progress bar.
        quiet: show no progress.
    """
    many = len(labelled) >= WORTH_PROCESSES and not isinstance(labelled.read, Stack)
    stream = Stream(labelled, work, min(usable_cores(), MOST_PROCESSES) if many else 0)
    with progress_bar(what, len(labelled), quiet) as advance:
        for part in stream.read(0, (parts := torch.arange(len(labelled)).split(AT_ONCE))):
            yield part
            advance(len(parts[0]))


def readable(
    labelled: LabelledImages, *, skip_unreadable: bool = False, quiet: bool = False
) -> tuple[LabelledImages, tuple[Unreadable, ...]]:
    """The images that can be read, after every one has been decoded once; and the others.

    Args:
        labelled: images of any size; those in memory are not looked at.
        skip_unreadable: leave out those that cannot be read; else they are an error.
        quiet: show no progress.

    Raises:
        ImageError: some cannot be read, and leaving them out was not asked for; or none can.
    """
    if isinstance(labelled.read, Stack):
        return labelled, ()
    seen = [one for part in go_through(labelled, Looks(_nothing), "checking images", quiet=quiet) for one in part]
    errors = {number: one for number, one in enumerate(seen) if one is not None}
    unreadable = refuse_unreadable(labelled, errors, skip_unreadable=skip_unreadable)
    if not unreadable:
        return labelled, ()
    numbers = [number for number in range(len(labelled)) if number not in errors]
    return subset(labelled, numbers, labelled.split), unreadable


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


def left_out_remark(unreadable: Sequence[Unreadable], count: int) -> tuple[str, ...]:
    """What is said of images that were left out: a sentence, or none.

    Args:
        unreadable: those.
        count: of all images.
    """
    return (f"{len(unreadable)} of {count} images could not be read and are left out",) if unreadable else ()


def _nothing(image: Tensor) -> None:
    """It could be read, which is all that is asked."""
