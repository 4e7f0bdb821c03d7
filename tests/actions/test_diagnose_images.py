"""Data is fitted to networks aloud, or refused; a loader is used as far as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
import torch
from diagnosing import diagnose, small
from torch import Tensor, nn

from resnetlab.actions.diagnosing.images import smallest_size
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import load_data

pytestmark = pytest.mark.usefixtures("no_drawings")


def test_grey_images_go_into_a_network_for_colour_and_that_is_said(tmp_path: Path) -> None:
    found = diagnose(small(channels=3), folder=tmp_path / "a")
    assert "grey images are repeated in three channels, as the network takes them" in found.remarks
    with pytest.raises(ResnetlabError, match="--keep-channels forbids it"):
        diagnose(small(channels=3), folder=tmp_path / "b", keep_channels=True)


def test_images_are_enlarged_to_the_smallest_size_that_runs(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 11), nn.Flatten(), nn.LazyLinear(10))
    pooled = nn.Sequential(nn.Conv2d(1, 4, 11), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    found = diagnose(pooled, folder=tmp_path / "a")
    assert "images of 8×8 pixels are enlarged to 11×11, the smallest that the network takes" in found.remarks
    assert found.facts["input_size"] == [1, 11, 11]
    with pytest.raises(ResnetlabError, match="--keep-size forbids it"):
        diagnose(pooled, folder=tmp_path / "b", keep_size=True)
    lazy = diagnose(model, folder=tmp_path / "c")  # takes its shapes from the first size that runs
    assert lazy.facts["input_size"] == [1, 16, 16]


def test_lazy_layers_are_drawn_by_the_seed_and_the_callers_random_state_stays(tmp_path: Path) -> None:
    drawn = []
    for at, seed in enumerate((0, 0, 1)):
        torch.manual_seed(at)
        model, before = nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), torch.get_rng_state()
        diagnose(model, folder=tmp_path / str(at), seed=seed)
        assert torch.equal(torch.get_rng_state(), before)
        drawn.append(model[1].weight)
    first, again, other = drawn
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_lazy_norms_are_no_trained_ones(tmp_path: Path) -> None:
    layers = (nn.LazyConv2d(4, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
    assert diagnose(nn.Sequential(*layers), folder=tmp_path / "a").facts["source"] is None


def test_a_network_of_one_size_alone_gets_that_size() -> None:
    assert smallest_size(8, 3, lambda channels, side: "" if side == 224 else "other size") == 224
    assert smallest_size(8, 3, lambda channels, side: "" if side >= 29 else "too small") == 29
    with pytest.raises(ResnetlabError, match="runs on no image of 3 channels, from 8×8 to 512×512 pixels: no way"):
        smallest_size(8, 3, lambda channels, side: "no way")


def loader(batches: int) -> Iterator[tuple[Tensor, Tensor]]:
    data = load_data("digits")
    for at in range(batches):
        yield data.train_images[16 * at : 16 * (at + 1)], data.train_labels[16 * at : 16 * (at + 1)]


def test_a_loader_that_ends_early_is_said_to_and_an_empty_one_refused(tmp_path: Path) -> None:
    found = diagnose(small(), loader(3), folder=tmp_path / "a", images=100)
    assert "the loader ended after 48 images, of 100 that were asked for; all are used" in found.remarks
    assert diagnose(small(), loader(9), folder=tmp_path / "b", images=32).facts["images"] == 32
    with pytest.raises(ResnetlabError, match="ended before it gave one image"):
        diagnose(small(), loader(0), folder=tmp_path / "c")
    with pytest.raises(ResnetlabError, match="no pair of images"):
        diagnose(small(), [torch.zeros(4, 1, 8, 8)], folder=tmp_path / "d")


def test_one_batch_may_be_given_as_it_is(tmp_path: Path) -> None:
    data = load_data("digits")
    found = diagnose(small(), (data.test_images[:40], data.test_labels[:40]), folder=tmp_path, images=40)
    assert found.facts["images"] == 40


def pair(labels: list[int], *, side: int = 8, channels: int = 1) -> tuple[Tensor, Tensor]:
    return torch.zeros(len(labels), channels, side, side), torch.tensor(labels, dtype=torch.int64)


BROKEN: dict[str, tuple[Any, str]] = {
    "labels below zero": ([pair([0, -1])], "-1 is no class"),
    "images of two sizes": ([pair([0, 1]), pair([1, 0], side=9)], "images of 1×8×8 and of 1×9×9"),
    "labels that are shares": ([(torch.zeros(2, 1, 8, 8), torch.ones(2, 10))], "do not fit 2 images"),
    "dictionaries": ([{"image": torch.zeros(2, 1, 8, 8)}], "gives a dict that is no pair of images"),
    "batches without images": ([pair([])], "ended before it gave one image"),
    "channels that cannot be made of others": ([pair([0, 1], channels=4)], "the data has 4"),
}


@pytest.mark.parametrize(("batches", "said"), BROKEN.values(), ids=BROKEN)
def test_a_loader_that_gives_something_else_is_refused_in_three_lines(batches: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match=said) as raised:
        diagnose(small(), batches, folder=tmp_path)
    assert len(str(raised.value).splitlines()) <= 3


def test_an_endless_loader_feeds_a_network_without_convolutions(tmp_path: Path) -> None:
    data = load_data("digits")
    batch = data.test_images[:32], data.test_labels[:32]
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    assert diagnose(model, repeat(batch), folder=tmp_path, images=64).facts["images"] == 64
