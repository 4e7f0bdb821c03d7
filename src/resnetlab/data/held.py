"""Small data sets, decoded once and held in memory as the squares that the network sees."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from resnetlab.core.machine import usable_cores
from resnetlab.core.terminal import progress_bar
from resnetlab.data.images import quiet_decoder
from resnetlab.data.labelled import LabelledImages, Stack
from resnetlab.data.preprocess import cut
from resnetlab.data.read_ahead import read_ahead
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import Preprocessing

MOST_BYTES = 2_000_000_000  # that are held in all


@dataclass(frozen=True, eq=False)
class Held:
    """Labelled images in memory.

    Args:
        images: (N, C, S, S), bytes; float in [0, 1] where the data itself is.
        labels: (N,), class numbers.
        classes: names in the order of the labels' numbers.
        name: the data reference.
    """

    images: Shaped[Tensor, "n c s s"]
    labels: Int[Tensor, " n"]
    classes: tuple[str, ...]
    name: str

    def __len__(self) -> int:
        return len(self.labels)


def fits_in_memory(images: LabelledImages, how: Preprocessing, augmentation: Augmentation) -> bool:
    """Whether images are better held than streamed: they take little room, and no change needs them one by one.

    Args:
        images: of which only the number counts.
        how: size and channels of what the network sees.
        augmentation: of the training images.
    """
    return not augmentation.is_of_pixels and len(images) * how.channels * how.size**2 <= MOST_BYTES


def hold(labelled: LabelledImages, how: Preprocessing, *, quiet: bool = False) -> Held:
    """All images as `preprocess.cut` gives them, read once, in threads.

    Args:
        labelled: images of any size.
        how: size, resize, interpolation and the number of channels.
        quiet: show no progress.

    Raises:
        ImageError: one cannot be read.
    """
    labels = torch.as_tensor(labelled.labels, dtype=torch.int64)
    if isinstance(labelled.read, Stack):
        squares = cut(labelled.read.images, how).contiguous()
        return Held(squares, labels, labelled.classes, labelled.name)
    ahead = 16 * usable_cores()
    squares = torch.empty(0)
    with quiet_decoder(), progress_bar("reading images", len(labelled), quiet) as advance:
        read = read_ahead(range(len(labelled)), lambda at: cut(labelled.read(at), how), ahead)
        for at, square in enumerate(read):
            if not at:
                squares = square.new_empty((len(labelled), *square.shape))
            squares[at] = square
            advance(1)
    return Held(squares, labels, labelled.classes, labelled.name)
