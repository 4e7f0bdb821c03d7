"""Images on their way to a network: read, cut to the square it sees, or told apart because they cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from resnetlab.actions.ready_network import ReadyNetwork
from resnetlab.core.errors import ImageError

BATCHES_AHEAD = 2
Item = TypeVar("Item")


@dataclass(frozen=True)
class Unreadable:
    """An image that was left out.

    Args:
        path: as it was given.
        reason: with the remedy on a second line.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class Look:
    """One image after it was read.

    Args:
        number: its place among all.
        square: what the network sees of it; None where it could not be read.
        channels: of the image itself.
        reason: why it could not be read.
    """

    number: int
    square: Tensor | None = None
    channels: int = 0
    reason: str = ""


def look_at(network: ReadyNetwork, number: int, read: Callable[[], Tensor]) -> Look:
    """One image as the network sees it, or why it cannot.

    Args:
        network: cuts the image.
        number: the image's place among all.
        read: gives the image, (C, H, W), or raises an ImageError.
    """
    try:
        image = read()
    except ImageError as error:
        return Look(number, reason=str(error))
    return Look(number, network.cut(image), image.shape[0])


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """As many at a time as the network takes; the last batch may be smaller."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def channels_remark(seen: Mapping[int, int], wanted: int) -> tuple[str, ...]:
    """What was done to images of another number of channels than the network takes: a sentence, or none.

    Args:
        seen: number of channels → images that had it.
        wanted: channels that the network takes.
    """
    others = sum(count for channels, count in seen.items() if channels != wanted)
    if not others:
        return ()
    kind, done = ("grey", "repeated in three channels") if wanted == 3 else ("colour", "turned grey")
    return (f"{others} {kind} {'image was' if others == 1 else 'images were'} {done}, as the network takes them",)
