"""Small data sets, decoded once and held in memory as the squares that the network sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from resnetlab.core.errors import ImageError
from resnetlab.data.labelled import LabelledImages, Stack
from resnetlab.data.preprocess import cut
from resnetlab.data.scan import Alone, Group, Unreadable, go_through, refuse_unreadable
from resnetlab.specs.preprocessing import Preprocessing

MOST_BYTES = 2_000_000_000  # that are held in all
PIECE = 2_048  # images that are resized at a time


@dataclass(frozen=True, eq=False)
class Held:
    """Labelled images in memory.

    Args:
        images: (N, C, S, S), bytes; float in [0, 1] where the data itself is.
        labels: (N,), class numbers.
        classes: names in the order of the labels' numbers.
        name: the data reference.
        unreadable: images of the data that are left out because they cannot be read.
    """

    images: Shaped[Tensor, "n c s s"]
    labels: Int[Tensor, " n"]
    classes: tuple[str, ...]
    name: str
    unreadable: tuple[Unreadable, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


def fits_in_memory(images: int, how: Preprocessing, processes: int = 1) -> bool:
    """Whether so many images may be held by each of so many processes of a machine.

    Args:
        images: of all parts of the data together.
        how: size and channels of what the network sees.
        processes: each of which holds them all.
    """
    return images * how.channels * how.size**2 * processes <= MOST_BYTES


def hold(
    labelled: LabelledImages,
    how: Preprocessing,
    *,
    skip_unreadable: bool = False,
    quiet: bool = False,
    group: Group = Alone(),  # noqa: B008, it is frozen
) -> Held:
    """All images as `preprocess.cut` gives them, read once.

    Args:
        labelled: images of any size.
        how: size, resize, interpolation and the number of channels.
        skip_unreadable: leave out those that cannot be read; else they are an error.
        quiet: show no progress.
        group: processes of which each reads its share and gets those of the others.

    Raises:
        ImageError: some cannot be read, and leaving them out was not asked for; or none can.
    """
    labels = torch.as_tensor(labelled.labels, dtype=torch.int64)
    if isinstance(labelled.read, Stack):
        return Held(_cut_in_pieces(labelled.read.images, how), labels, labelled.classes, labelled.name)
    shares = group.gather(_my_share(labelled, how, quiet, group))
    errors = {number: error for _, spoiled in shares for number, error in spoiled.items()}
    unreadable = refuse_unreadable(labelled, errors, skip_unreadable=skip_unreadable)
    kept = torch.tensor([number for number in range(len(labelled)) if number not in errors])
    parts = [share for share, _ in shares if len(share)]
    return Held(
        parts[0] if len(parts) == 1 else torch.cat(parts), labels[kept], labelled.classes, labelled.name, unreadable
    )


def _cut_in_pieces(images: Tensor, how: Preprocessing) -> Tensor:
    """The squares of many images; resizing takes four bytes for each of theirs, so that few are resized at a time."""
    first = cut(images[:PIECE], how)
    if len(first) == len(images):
        return first.contiguous()
    squares = first.new_empty((len(images), *first.shape[1:]))
    squares[:PIECE] = first
    for start in range(PIECE, len(images), PIECE):
        squares[start : start + PIECE] = cut(images[start : start + PIECE], how)
    return squares


def _my_share(
    labelled: LabelledImages, how: Preprocessing, quiet: bool, group: Group
) -> tuple[Tensor, dict[int, ImageError]]:
    """The squares of this process's stretch of the images, and why some cannot be read, by their numbers."""
    most = -(-len(labelled) // group.ranks)
    squares, errors, count = torch.empty(0), dict[int, ImageError](), 0
    for part, spoiled in go_through(labelled, _Squares(how), "reading images", quiet=quiet, group=group):
        if not count and len(part):
            squares = part.new_empty((most, *part.shape[1:]))
        squares[count : count + len(part)] = part
        count, errors = count + len(part), {**errors, **spoiled}
    return squares[:count], errors


@dataclass(frozen=True)
class _Squares:
    """Work for a stream: the squares of images that can be read, and why the others cannot."""

    how: Preprocessing

    def one(self, read: Callable[[], Tensor], epoch: int, index: int) -> Tensor | ImageError:
        try:
            return cut(read(), self.how)
        except ImageError as error:
            return error

    def together(
        self, ones: list[Tensor | ImageError], labels: list[int], epoch: int, indices: list[int]
    ) -> tuple[Tensor, dict[int, ImageError]]:
        squares = [one for one in ones if isinstance(one, Tensor)]
        spoiled = {index: one for index, one in zip(indices, ones, strict=True) if isinstance(one, ImageError)}
        return torch.stack(squares) if squares else torch.empty(0), spoiled
