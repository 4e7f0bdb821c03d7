"""On a network that others trained and published, with images that it was trained on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from data_files import LOSSLESS_IMAGES, PUBLISHED_NET, needs_real_files
from resnetlab.analysis.health import HealthFinding
from resnetlab.analysis.health_judgement import judge
from resnetlab.analysis.health_look import look_at_health
from resnetlab.analysis.health_structure import Structure, read_structure
from resnetlab.nn import Classifier
from resnetlab.weights import load_checkpoint

pytestmark = needs_real_files
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


@pytest.fixture(scope="module")
def network() -> Classifier:
    return load_checkpoint(PUBLISHED_NET)


@pytest.fixture(scope="module")
def pictures() -> tuple[Tensor, Tensor]:
    """Sixty-four images in [0, 1], with their classes."""
    held = np.load(LOSSLESS_IMAGES)
    images = torch.from_numpy(held["images"][:64]).permute(0, 3, 1, 2).float() / 255
    return images, torch.from_numpy(held["labels"][:64]).long()


def found_on(network: Classifier, images: Tensor, labels: Tensor, structure: Structure) -> list[HealthFinding]:
    batches = [(images[at : at + 32], labels[at : at + 32]) for at in range(0, len(images), 32)]
    return [one for one in judge(look_at_health(network, batches, True), structure) if one.severity != "info"]


def normalised(images: Tensor) -> Tensor:
    return (images - MEAN[:, None, None]) / STD[:, None, None]


def test_it_is_healthy(network: Classifier, pictures: tuple[Tensor, Tensor]) -> None:
    images, labels = pictures
    assert found_on(network, normalised(images), labels, read_structure(network, (3, 32, 32))) == []


def test_labels_shifted_by_one_are_named(network: Classifier, pictures: tuple[Tensor, Tensor]) -> None:
    images, labels = pictures
    found = found_on(network, normalised(images), (labels + 1) % 10, Structure())
    assert [one.rule for one in found] == ["shifted labels"]


def test_pixels_that_were_not_normalised_are_named(network: Classifier, pictures: tuple[Tensor, Tensor]) -> None:
    images, labels = pictures
    assert "stale statistics" in {one.rule for one in found_on(network, images, labels, Structure())}
    found = found_on(network, 255 * images, labels, Structure())
    assert ("input out of range", "conv1") in {(one.rule, one.layer) for one in found}
