"""A net that somebody else published gives here, to the image, the accuracy that it has."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from data_files import JPEG_IMAGES, LOSSLESS_IMAGES, PUBLISHED_NET, needs_real_files
from resnetlab import create_model
from resnetlab.specs.classes import CIFAR10
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from resnetlab.weights import load_checkpoint, load_weights, save

pytestmark = needs_real_files


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images classified right, per cent; pixels are normalised here by hand."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    right = 0
    with torch.inference_mode():
        for start in range(0, len(images), 500):
            pixels = torch.from_numpy(images[start : start + 500]).permute(0, 3, 1, 2).float() / 255
            guesses = model((pixels - mean) / std).argmax(1).numpy()
            right += int((guesses == labels[start : start + 500]).sum())
    return 100 * right / len(images)


@pytest.fixture(scope="module")
def lossless() -> tuple[np.ndarray, np.ndarray]:
    held = np.load(LOSSLESS_IMAGES)
    return held["images"], held["labels"]


def test_it_classifies_its_training_images_as_its_authors_net_does(lossless: tuple[np.ndarray, np.ndarray]) -> None:
    model = load_checkpoint(PUBLISHED_NET)
    assert model.spec.name == "resnet20"
    assert not model.training
    assert model.card.classes == CIFAR10
    assert round(accuracy(model, *lossless), 2) == 99.80


def test_its_own_number_survives_the_round_trip(lossless: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    model = load_checkpoint(PUBLISHED_NET)
    again = load_checkpoint(save(model, tmp_path))
    assert again.card == model.card
    assert all(torch.equal(tensor, model.state_dict()[key]) for key, tensor in again.state_dict().items())
    assert round(accuracy(again, *lossless), 2) == 99.80


def test_it_classifies_the_compressed_test_images_as_measured_before() -> None:
    def pictures() -> Iterator[tuple[np.ndarray, int]]:
        with tarfile.open(JPEG_IMAGES) as archive:
            for member in archive:
                split, *rest = Path(member.name).parts[-3:]
                if split == "test" and member.isfile():
                    with Image.open(archive.extractfile(member)) as picture:  # type: ignore[arg-type]  # it is a file
                        yield np.asarray(picture.convert("RGB")), CIFAR10.index(rest[0])

    images, labels = zip(*pictures(), strict=True)
    assert len(images) == 10_000
    assert round(accuracy(load_checkpoint(PUBLISHED_NET), np.stack(images), np.array(labels)), 2) == 81.03


def test_a_network_that_the_user_has_is_filled_too() -> None:
    model: nn.Module = create_model("resnet20")
    assert load_weights(model, PUBLISHED_NET) is model
    published: dict[str, Tensor] = torch.load(PUBLISHED_NET, map_location="cpu", weights_only=True)["state_dict"]
    assert torch.equal(model.fc.weight, published["module.linear.weight"])
