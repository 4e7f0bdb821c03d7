"""Labelled images as every data reference gives them: read one by one, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Shaped
from torch import Tensor

from resnetlab.core.terminal import on_one_line
from resnetlab.data.images import read_image
from resnetlab.specs.preprocessing import Preprocessing

Split = Literal["train", "validation", "test"]
SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "val", "valid", "validation"),
}
"""What data sets call each, the surest first; many have their only other images under `val`."""


def splits_named(names: Collection[str]) -> tuple[Split, ...]:
    """The splits that a data set has, by what it calls them; what is called a validation split is not the test split.

    >>> splits_named(["train", "val"])
    ('train', 'validation')
    """
    own: dict[Split, tuple[str, ...]] = {**SPLIT_NAMES, "test": SPLIT_NAMES["test"][:1]}
    return tuple(split for split, known in own.items() if any(name in names for name in known))


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """One split of a data set.

    Args:
        name: its data reference.
        split: which split.
        classes: names in the order of the labels' numbers.
        labels: the class number of each image.
        read: gives the image of a number, (C, H, W), bytes or float in [0, 1].
        own: what its images usually go through, where it is known: the size they have, their own mean and deviation.
        files: of the images, where each is a file, in their order.
        remarks: what a user should know of how it was read, a sentence each.
    """

    name: str
    split: Split
    classes: tuple[str, ...]
    labels: Sequence[int]
    read: Callable[[int], Shaped[Tensor, "c h w"]]
    own: Preprocessing | None = None
    files: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def name_of(self, at: int) -> str:
        """An image as messages call it: its path where it has one.

        Args:
            at: its number.
        """
        return on_one_line(self.files[at]) if self.files else f"image {at} of {self.name}"


def of_files(
    name: str, split: Split, classes: tuple[str, ...], files: Sequence[tuple[Path, int]], remarks: tuple[str, ...] = ()
) -> LabelledImages:
    """Labelled images of files, each decoded when it is read.

    Args:
        name: the data reference.
        split: which split.
        classes: names in the order of the labels' numbers.
        files: every image's path and class number.
        remarks: of how they were found.
    """
    paths = tuple(path for path, _ in files)
    labels = [label for _, label in files]
    return LabelledImages(name, split, classes, labels, _Files(paths), files=paths, remarks=remarks)


def subset(images: LabelledImages, numbers: Sequence[int], split: Split) -> LabelledImages:
    """Some of the images, in the order of `numbers`.

    Args:
        images: of which.
        numbers: of those that are taken.
        split: what they are for.
    """
    picked = images.read
    read = Stack(picked.images[torch.as_tensor(numbers)]) if isinstance(picked, Stack) else _Picked(picked, numbers)
    return replace(
        images,
        split=split,
        labels=[images.labels[at] for at in numbers],
        read=read,
        files=tuple(images.files[at] for at in numbers) if images.files else (),
    )


# What reads an image is a value, not a function made on the spot, so that it can be sent to another process.


@dataclass(frozen=True, eq=False)
class Stack:
    """Reads from images that are all in memory.

    Args:
        images: of one size, bytes or float in [0, 1].
    """

    images: Shaped[Tensor, "n c h w"]

    def __call__(self, at: int) -> Shaped[Tensor, "c h w"]:
        return self.images[at]


@dataclass(frozen=True)
class _Files:
    paths: Sequence[Path]

    def __call__(self, at: int) -> Tensor:
        return read_image(self.paths[at])


@dataclass(frozen=True)
class _Picked:
    read: Callable[[int], Tensor]
    numbers: Sequence[int]

    def __call__(self, at: int) -> Tensor:
        return self.read(self.numbers[at])
