"""What the laboratory runs on: the embedded digits, or images cut small once and kept for all its processes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from resnetlab.core.errors import ImageError, OutputError, ResnetlabError
from resnetlab.data import DATA_SETS, ImageData, LabelledImages, load_data
from resnetlab.data.held import hold
from resnetlab.data.labelled import subset
from resnetlab.data.splits import training_data
from resnetlab.specs.preprocessing import Preprocessing

CHOICE_SEED = 20151210  # which images are taken: the day the residual paper appeared


@dataclass(frozen=True)
class Sample:
    """How much of a data set is taken.

    Args:
        size: side of the images, in pixels; larger ones are made smaller, smaller ones are left.
        train: images to train on, as many of each class; all of them where there are no more.
        test: images to test on, likewise.
    """

    size: int
    train: int
    test: int

    def __str__(self) -> str:
        return f"{self.train:,} images to train on and {self.test:,} to test on, {self.size}×{self.size}"


@dataclass(frozen=True)
class LabData:
    """A data set as the laboratory's processes find it.

    Args:
        reference: as the user gave it.
        file: where its images are kept; None for data that is embedded.
    """

    reference: str
    file: Path | None = None

    @property
    def key(self) -> str:
        """Tells it from all other data, by what is in it."""
        return self.reference if self.file is None else self.file.stem

    def load(self) -> ImageData:
        """The data in memory; read once in every process."""
        return load_data(self.reference) if self.file is None else _read(self.file)


DIGITS = LabData("digits")


def prepare(reference: str, sample: Sample, folder: Path) -> LabData:
    """The sample of the data set that a reference names, cut and written to a file once.

    The file is called by what is in it, so that runs are found again only for the same images.

    Args:
        reference: a data reference.
        sample: how much of it.
        folder: where the file goes, which all processes can read.

    Raises:
        ResnetlabError: there is no such data, or it has no images to test on.
        OutputError: the file cannot be written.
    """
    if reference in DATA_SETS:
        return LabData(reference)
    to_train_on, judged_by = training_and_test_images(reference)
    channels = _channels(to_train_on)
    side = min(sample.size, *(min(part.read(0).shape[1:]) for part in (to_train_on, judged_by)))
    (train, train_labels), (test, test_labels) = (
        _squares(images, count, side, channels)
        for images, count in ((to_train_on, sample.train), (judged_by, sample.test))
    )
    mean, std = train.mean(), train.std()
    if not std > 0:
        raise ResnetlabError(f"--data {reference}: all its pixels are alike\ngive other images")
    normalised = ((train - mean) / std, train_labels, (test - mean) / std, test_labels)
    data = ImageData(reference, *normalised, to_train_on.classes, mean.item(), std.item())
    form = reference.partition(":")[0]
    return LabData(reference, _kept(data, folder / f"{form}-{sample.size}-{_digest(data)}.pt"))


def training_and_test_images(reference: str) -> tuple[LabelledImages, LabelledImages]:
    """The two parts that claims are put to the test on; no image is read yet.

    Args:
        reference: a data reference.

    Raises:
        ResnetlabError: there is no such data, or it has no images to test on.
    """
    parts = training_data(reference, share=0)
    judged_by = parts.test or parts.validation
    if judged_by is None:
        raise ResnetlabError(f"--data {reference} has no images to test on\ngive data with a test split")
    return parts.train, judged_by


def _channels(images: LabelledImages) -> int:
    """Of the network's input: those that the data is known by, or the first image's."""
    return images.own.channels if images.own else (3 if images.read(0).shape[0] == 3 else 1)


def _squares(images: LabelledImages, count: int, side: int, channels: int) -> tuple[Tensor, Tensor]:
    """`count` images, as many of each class, in an order of their own; float in [0, 1], channels last in memory."""
    numbers = _balanced(torch.as_tensor(images.labels), count)
    blank = (0.0,) * channels, (1.0,) * channels
    try:
        held = hold(subset(images, numbers, images.split), Preprocessing(side, side, *blank), quiet=True)
    except ImageError as error:
        raise ResnetlabError(f"{str(error).splitlines()[0]}\nreplace them, or take them out of the data") from error
    pixels = held.images.float() / 255 if held.images.dtype == torch.uint8 else held.images
    return pixels.contiguous(memory_format=torch.channels_last), held.labels  # convolutions are faster so


def _balanced(labels: Tensor, count: int) -> list[int]:
    """Numbers of images, the same for the same labels: of every class in turn one more, until there are enough."""
    generator = torch.Generator().manual_seed(CHOICE_SEED)
    shuffled = torch.randperm(len(labels), generator=generator)
    place_in_class = torch.empty(len(labels), dtype=torch.long)
    for number in labels.unique().tolist():
        own = (labels[shuffled] == number).nonzero()[:, 0]
        place_in_class[own] = torch.arange(len(own))
    chosen = shuffled[place_in_class.argsort(stable=True)][:count]
    numbers: list[int] = chosen[torch.randperm(len(chosen), generator=generator)].tolist()
    return numbers


def _digest(data: ImageData) -> str:
    digest = hashlib.sha256(repr(data.classes).encode())
    for tensor in (data.train_images, data.train_labels, data.test_images, data.test_labels):
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _kept(data: ImageData, file: Path) -> Path:
    """The file, written whole or not at all."""
    if not file.exists():
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.save(astuple(data), unfinished)
            os.replace(unfinished, file)
        except OSError as error:
            message = f"images cannot be kept in {file.parent}: {error.strerror}\ngive another --cache"
            raise OutputError(message) from error
    return file


@lru_cache(maxsize=2)
def _read(file: Path) -> ImageData:
    return ImageData(*torch.load(file, weights_only=True))
