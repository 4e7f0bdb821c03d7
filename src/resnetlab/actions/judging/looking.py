"""Images on their way to a network: read, cut to the square it sees, or told apart because they cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from jaxtyping import Float
from torch import Tensor

from resnetlab.actions.networks.ready_network import ReadyNetwork
from resnetlab.core.errors import ImageError, ResnetlabError

BATCHES_AHEAD = 2
Item = TypeVar("Item")


@dataclass(frozen=True)
class LeftOut:
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


def finite_logits(
    network: ReadyNetwork, looks: Sequence[Look], name: Callable[[int], str]
) -> Float[Tensor, "n classes"]:
    """The network's outputs for images that could be read, every one of them a number.

    Args:
        network: sees the images.
        looks: one batch of them, each with its square.
        name: an image by its place among all, for the message.

    Raises:
        ResnetlabError: an output is infinite or no number at all; no probability can be made of it.
    """
    logits = network.logits([look.square for look in looks if look.square is not None])
    finite = logits.isfinite().all(1)
    if not finite.all():
        raise ResnetlabError(
            f"the network's outputs for {name(looks[int(finite.int().argmin())].number)} are not finite numbers\n"
            "look for the layer where that begins: the weights, or the preprocessing, are wrong"
        )
    return logits


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
