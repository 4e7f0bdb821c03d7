"""Labelled images as every data reference gives them: read one by one, when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jaxtyping import Shaped
from torch import Tensor

from resnetlab.data.images import read_image
from resnetlab.specs.preprocessing import Preprocessing

Split = Literal["train", "test"]
SPLIT_NAMES: dict[Split, tuple[str, ...]] = {"train": ("train",), "test": ("test", "val", "valid", "validation")}
"""What data sets call each, the surest first."""


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
    split: str
    classes: tuple[str, ...]
    labels: Sequence[int]
    read: Callable[[int], Shaped[Tensor, "c h w"]]
    own: Preprocessing | None = None
    files: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


def of_files(
    name: str, split: str, classes: tuple[str, ...], files: Sequence[tuple[Path, int]], remarks: tuple[str, ...] = ()
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
    return LabelledImages(name, split, classes, labels, lambda at: read_image(paths[at]), files=paths, remarks=remarks)
