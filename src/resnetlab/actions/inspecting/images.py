"""What is noted of each image of a data set, and what follows of all of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import xxhash
from jaxtyping import Shaped
from torch import Tensor

from resnetlab.core.errors import ImageError
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.scan import Looks, Unreadable, go_through, unreadable_images

UNSPLIT = "all"  # in the place of a split's name, where the data has none


@dataclass(frozen=True)
class Seen:
    """What is noted of one image.

    Args:
        pixels: a hash of its shape and its decoded pixels.
        width: pixels.
        height: pixels.
        sums: of each channel's values in [0, 1].
        squares: of each channel's squared values.
    """

    pixels: str
    width: int
    height: int
    sums: tuple[float, ...]
    squares: tuple[float, ...]


@dataclass(frozen=True)
class SplitFacts:
    """What a split holds.

    Args:
        split: its name; "all" where the data is not split.
        images: in all, those that cannot be read among them.
        per_class: images of each class, in the classes' order.
        sizes: (width, height, images), the commonest first; pixels.
        channels: (channels, images), the commonest first.
        unreadable: images that cannot be read.
    """

    split: str
    images: int
    per_class: tuple[int, ...]
    sizes: tuple[tuple[int, int, int], ...]
    channels: tuple[tuple[int, int], ...]
    unreadable: tuple[Unreadable, ...]


def see_all(images: LabelledImages, split: str, *, quiet: bool) -> list[Seen | ImageError]:
    """What is noted of every image, or why it cannot be read.

    Args:
        images: of one split.
        split: its name, beside the progress bar.
        quiet: show no progress.
    """
    work = Looks(see)
    return [one for part in go_through(images, work, f"looking at {split}", quiet=quiet) for one in part]


def see(image: Shaped[Tensor, "c h w"]) -> Seen:
    """What is noted of one image.

    Args:
        image: bytes, or float in [0, 1].
    """
    whole = image.contiguous()
    noted = xxhash.xxh3_128(f"{whole.dtype} {tuple(whole.shape)}".encode())
    noted.update(whole.numpy().data)
    most = 255.0 if whole.dtype == torch.uint8 else 1.0
    values = whole.float()
    sums = values.sum((1, 2), dtype=torch.float64) / most
    squares = values.square().sum((1, 2), dtype=torch.float64) / most**2
    return Seen(noted.hexdigest(), whole.shape[2], whole.shape[1], tuple(sums.tolist()), tuple(squares.tolist()))


def facts_of(
    images: LabelledImages, split: str, classes: Sequence[str], seen: Sequence[Seen | ImageError]
) -> SplitFacts:
    """What a split holds.

    Args:
        images: of the split.
        split: its name.
        classes: of all splits, in their order.
        seen: as of `see_all`.
    """
    labels = Counter(images.classes[label] for label in images.labels)
    readable = [one for one in seen if isinstance(one, Seen)]
    sizes = Counter((one.width, one.height) for one in readable).most_common()
    channels = Counter(len(one.sums) for one in readable).most_common()
    errors = {number: one for number, one in enumerate(seen) if isinstance(one, ImageError)}
    return SplitFacts(
        split,
        len(images),
        tuple(labels[name] for name in classes),
        tuple((*size, count) for size, count in sizes),
        tuple(channels),
        unreadable_images(images, errors),
    )


def mean_and_deviation(seen: Sequence[Seen | ImageError]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each channel, over all pixels; where some images are in colour, grey ones count as three channels alike.

    Args:
        seen: as of `see_all`.
    """
    readable = [one for one in seen if isinstance(one, Seen)]
    if not readable:
        return (), ()
    channels = max(len(one.sums) for one in readable)
    pixels = sum(one.width * one.height for one in readable)
    sums, squares = (
        np.sum([np.broadcast_to(getattr(one, of), channels) for one in readable], axis=0) for of in ("sums", "squares")
    )
    mean = sums / pixels
    deviation = np.sqrt(np.maximum(squares / pixels - mean**2, 0))
    return tuple(mean.tolist()), tuple(deviation.tolist())


def counted(number: int, what: str) -> str:
    """So many of something, in words.

    >>> counted(1000, "image")
    '1,000 images'
    """
    return f"{number:,} {what}" + ("" if number == 1 else "s")
