"""The data sets that are downloaded: CIFAR-10, CIFAR-100, Fashion-MNIST, through torchvision and its checks."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from resnetlab.core.errors import DownloadError
from resnetlab.core.folders import cache_folder
from resnetlab.data.labelled import LabelledImages, Split, Stack
from resnetlab.specs.preprocessing import Preprocessing

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # of its package dataset-fashion-mnist


@dataclass(frozen=True)
class Archive:
    """A data set of torchvision.

    Args:
        kind: torchvision's class.
        own: its images' size, and mean and deviation of its training pixels, as the field uses them.
        address: where its files are.
        folder: below the data folder, where torchvision looks for them.
    """

    kind: type[datasets.CIFAR10 | datasets.FashionMNIST]
    own: Preprocessing
    address: str
    folder: str


ARCHIVES = {
    "cifar10": Archive(
        datasets.CIFAR10,
        Preprocessing(32, 32, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        datasets.CIFAR10.url,
        "",
    ),
    "cifar100": Archive(
        datasets.CIFAR100,
        Preprocessing(32, 32, (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
        datasets.CIFAR100.url,
        "",
    ),
    "fashion_mnist": Archive(
        datasets.FashionMNIST,
        Preprocessing(28, 28, (0.2860,), (0.3530,)),
        datasets.FashionMNIST.mirrors[0],
        "FashionMNIST/raw",
    ),
}


def data_folder() -> Path:
    """Where downloaded data sets are kept: $RESNETLAB_DATA, else data in the cache folder."""
    return Path(os.environ.get("RESNETLAB_DATA", cache_folder() / "data"))


def place_of(name: str) -> tuple[Path, bool]:
    """Where the files of a data set of torchvision are looked for, and whether something is there."""
    wanted = ARCHIVES[name]
    place = data_folder() / (wanted.folder or getattr(wanted.kind, "base_folder", ""))
    if name == "fashion_mnist" and DEBIAN_FASHION_MNIST.is_dir() and not place.is_dir():
        place = DEBIAN_FASHION_MNIST
    return place, place.is_dir()


def archive(name: str, split: Split) -> LabelledImages:
    """One split of a data set of torchvision, from the data folder, or downloaded into it.

    Raises:
        DownloadError: its files are not there and cannot be fetched; the message says from where, and where to.
    """
    wanted = ARCHIVES[name]
    if place_of(name) == (DEBIAN_FASHION_MNIST, True):
        images, labels = _packaged_fashion_mnist(split)
        classes = tuple(datasets.FashionMNIST.classes)
    else:
        held = _downloaded(wanted, split)
        images, labels = torch.as_tensor(held.data), [int(label) for label in held.targets]
        classes = tuple(held.classes)
    stacked = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return LabelledImages(name, split, classes, labels, Stack(stacked.contiguous()), wanted.own)


def _downloaded(wanted: Archive, split: Split) -> datasets.CIFAR10 | datasets.FashionMNIST:
    try:
        return wanted.kind(data_folder(), train=split == "train", download=True)
    except (OSError, RuntimeError) as error:
        place = data_folder() / wanted.folder
        raise DownloadError(
            f"{wanted.kind.__name__} is not in {place} and could not be fetched: {' '.join(str(error).split())}\n"
            f"fetch it by hand from {wanted.address}\nand put the files, as they are, into {place}"
        ) from error


def _packaged_fashion_mnist(split: Split) -> tuple[Tensor, list[int]]:
    """From the IDX files of Debian's package: a head of 16 or 8 bytes, then a byte for each pixel or label."""
    prefix = "train" if split == "train" else "t10k"
    pixels = gzip.decompress((DEBIAN_FASHION_MNIST / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((DEBIAN_FASHION_MNIST / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
    images = np.frombuffer(pixels, np.uint8, offset=16).reshape(-1, 28, 28).copy()
    return torch.from_numpy(images), np.frombuffer(labels, np.uint8, offset=8).tolist()
