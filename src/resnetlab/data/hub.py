"""`hf:user/dataset`: an image data set of the Hugging Face hub, through the package `datasets`."""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from resnetlab.core.errors import DownloadError, ImageError, ResnetlabError
from resnetlab.core.terminal import on_one_line
from resnetlab.data.images import decode_image
from resnetlab.data.labelled import SPLIT_NAMES, LabelledImages, Split, splits_named

NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
OLDEST = 4  # the first major version of `datasets` that runs no code of the data set's


def hub_data(name: str, split: Split) -> LabelledImages:
    """One split of a data set of the hub: its first column of images, its first column of classes.

    Nothing of it is run, and no file of this machine is opened for it; only the split's own files are fetched.

    Raises:
        ResnetlabError: the package is not installed or too old, a folder here has the name, or the data set has no
            such split or no such columns.
        DownloadError: it cannot be fetched.
    """
    _check_name(name)
    datasets = _package(name)
    try:
        there = list(datasets.get_dataset_split_names(name))
        chosen = next((known for known in SPLIT_NAMES[split] if known in there), None)
        held = None if chosen is None else datasets.load_dataset(name, split=chosen)
    except Exception as error:  # it raises a dozen kinds, of several packages
        raise _unfetched(name, error) from error
    if held is None:
        raise ResnetlabError(f"hf:{name} has no {split} split\nit has {', '.join(there)}")
    kinds = {type(feature).__name__: column for column, feature in reversed(held.features.items())}
    if not {"Image", "ClassLabel"} <= kinds.keys():
        raise ResnetlabError(
            f"hf:{name} has no column of images and one of classes\nit has {', '.join(held.features)}"
        )
    image, label = kinds["Image"], kinds["ClassLabel"]
    read = _Column(held.cast_column(image, datasets.Image(decode=False)), image, f"hf:{name}")
    return LabelledImages(f"hf:{name}", split, tuple(held.features[label].names), held[label], read)


def hub_splits(name: str) -> tuple[Split, ...]:
    """The splits that a data set of the hub comes with, by its own names for them.

    Raises:
        ResnetlabError, DownloadError: as of `hub_data`.
    """
    _check_name(name)
    datasets = _package(name)
    try:
        return splits_named(datasets.get_dataset_split_names(name))
    except Exception as error:
        raise _unfetched(name, error) from error


@dataclass(frozen=True, eq=False)
class _Column:
    """Reads from a column of undecoded images."""

    rows: Any
    column: str
    name: str

    def __call__(self, at: int) -> Tensor:
        return _image(self.rows[at][self.column], f"{self.name}, image {at}")


def _unfetched(name: str, error: Exception) -> DownloadError:
    return DownloadError(
        f"hf:{name} could not be fetched: {' '.join(str(error).split())}\n"
        f"check the name at https://huggingface.co/datasets/{name}"
    )


def _check_name(name: str) -> None:
    """Else `datasets` would take a folder of this machine, or one of its own readers of local files."""
    if NAME.fullmatch(name) is None:
        raise ResnetlabError(f"hf:{on_one_line(name)[:200]} names no data set of the hub\nwrite hf:user/dataset")
    if os.path.lexists(name):
        raise ResnetlabError(
            f"hf:{name} is also a folder here, which would be read instead of the hub's\n"
            f"run the command elsewhere, or give imagefolder:{name}"
        )


def _package(name: str) -> Any:
    try:
        datasets = importlib.import_module("datasets")
    except ImportError as error:
        raise ResnetlabError(f"hf:{name} needs the package datasets\ninstall it: pip install datasets") from error
    major = re.match(r"\d+", datasets.__version__)
    if major is None or int(major[0]) < OLDEST:
        raise ResnetlabError(
            f"hf:{name} needs datasets {OLDEST} or later, and {datasets.__version__} is installed, which may run code"
            " of the data set's\nupdate it: pip install --upgrade datasets"
        )
    return datasets


def _image(stored: Any, name: str) -> Tensor:
    """An image as the hub stores it: the bytes of a file. A path, which the data set chose, is not followed."""
    if stored.get("bytes") is None:
        raise ImageError(
            f"{name} is not in the data set, which only names a path\nfetch it, and give imagefolder:PATH"
        )
    return decode_image(stored["bytes"], name)
