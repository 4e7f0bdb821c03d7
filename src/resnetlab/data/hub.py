"""`hf:user/dataset`: an image data set of the Hugging Face hub, through the package `datasets`."""

from __future__ import annotations

import importlib
from typing import Any

from torch import Tensor

from resnetlab.core.errors import DownloadError, ResnetlabError
from resnetlab.data.images import decode_image
from resnetlab.data.labelled import LabelledImages, Split

SPLITS: dict[Split, tuple[str, ...]] = {"train": ("train",), "test": ("test", "validation", "valid", "val")}


def hub_data(name: str, split: Split) -> LabelledImages:
    """One split of a data set of the hub: its first column of images, its first column of classes.

    Raises:
        ResnetlabError: the package is not installed, or the data set has no such split or no such columns.
        DownloadError: it cannot be fetched.
    """
    try:
        datasets = importlib.import_module("datasets")
    except ImportError as error:
        raise ResnetlabError(f"hf:{name} needs the package datasets\ninstall it: pip install datasets") from error
    try:
        splits = datasets.load_dataset(name)
    except Exception as error:  # it raises a dozen kinds, of several packages
        raise DownloadError(
            f"hf:{name} could not be fetched: {' '.join(str(error).split())}\ncheck the name at https://huggingface.co/datasets/{name}"
        ) from error
    held = next((splits[split] for split in SPLITS[split] if split in splits), None)
    if held is None:
        raise ResnetlabError(f"hf:{name} has no {split} split\nit has {', '.join(splits)}")
    kinds = {type(feature).__name__: column for column, feature in reversed(held.features.items())}
    if not {"Image", "ClassLabel"} <= kinds.keys():
        raise ResnetlabError(
            f"hf:{name} has no column of images and one of classes\nit has {', '.join(held.features)}"
        )
    image, label = kinds["Image"], kinds["ClassLabel"]
    undecoded = held.cast_column(image, datasets.Image(decode=False))

    def read(at: int) -> Tensor:
        return _image(undecoded[at][image], f"hf:{name}, image {at}")

    return LabelledImages(f"hf:{name}", split, tuple(held.features[label].names), held[label], read)


def _image(stored: Any, name: str) -> Tensor:
    """An image as the hub stores it: the bytes of a file, or its path."""
    if stored.get("bytes") is not None:
        return decode_image(stored["bytes"], name)
    with open(stored["path"], "rb") as file:
        return decode_image(file.read(), stored["path"])
