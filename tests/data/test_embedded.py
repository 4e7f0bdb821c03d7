"""The embedded data is scikit-learn's, split once and for all."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from resnetlab.core.errors import UnknownNameError
from resnetlab.data import load_data, photographs


def test_digits_are_all_there_once() -> None:
    data = load_data("digits")
    both = torch.cat([data.train_images, data.test_images])
    mean, std = 0.0 - both.min(), (both.max() - both.min())
    pixels = ((both + mean) / std * 16).round().flatten(1)
    ours = sorted(map(tuple, pixels.int().tolist()))
    theirs = sorted(map(tuple, load_digits().data.astype(int).tolist()))
    assert ours == theirs
    assert (len(data.train_labels), len(data.test_labels)) == (1400, 397)


def test_digits_are_normalised_over_their_training_part() -> None:
    data = load_data("digits")
    assert data.train_images.mean().item() == pytest.approx(0, abs=1e-5)
    assert data.train_images.std().item() == pytest.approx(1, abs=1e-5)
    assert abs(data.test_images.mean().item()) > 1e-4


def test_every_class_is_in_both_parts() -> None:
    data = load_data("digits")
    assert len(data.classes) == len(data.train_labels.unique()) == len(data.test_labels.unique()) == 10


@pytest.mark.parametrize("size", [32, 224])
def test_photographs_are_square_and_normalised_by_channel(size: int) -> None:
    images = photographs(size)
    assert images.shape == (2, 3, size, size)
    assert images.mean(dim=(0, 2, 3)).abs().max().item() < 1e-4
    assert torch.allclose(images.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-4)


def test_an_unknown_data_set_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        load_data("digit")
