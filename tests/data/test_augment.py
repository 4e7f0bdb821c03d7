"""Crop, flip and cutout of whole batches give the pixels that torchvision gives for each image."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from scipy import stats
from torch import Tensor
from torchvision.transforms import functional as TF

from resnetlab.data.augment import are_flipped, crop_and_flip, cut_out, random_crop_and_flip, random_cutout
from resnetlab.specs.augmentation import Augmentation

IMAGES = torch.randint(0, 256, (9, 3, 12, 10), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
CORNERS = torch.tensor([(0, 0), (4, 4), (8, 8), (0, 8), (8, 0), (1, 6), (5, 2), (3, 3), (7, 1)])
FLIPPED = torch.arange(9) % 2 == 1
MANY = torch.arange(20_000)


def by_torchvision(image: Tensor, padding: int, corner: tuple[int, int], flipped: bool) -> Tensor:
    padded = TF.pad(image, [padding])
    part = TF.crop(padded, *corner, *image.shape[-2:])
    return TF.hflip(part) if flipped else part


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_a_crop_and_a_flip_are_torchvisions(kind: torch.dtype) -> None:
    images = IMAGES.to(kind)
    ours = crop_and_flip(images, 4, CORNERS, FLIPPED)
    cases = zip(images, CORNERS.tolist(), FLIPPED.tolist(), strict=True)
    theirs = [by_torchvision(image, 4, (top, left), flipped) for image, (top, left), flipped in cases]
    assert torch.equal(ours, torch.stack(theirs))
    assert ours.dtype == kind


@pytest.mark.parametrize(("side", "row", "column"), [(4, 5, 5), (4, 0, 0), (5, 11, 9), (1, 3, 3), (30, 6, 6)])
def test_a_cutout_is_a_square_of_zeros_as_far_as_it_lies_inside(side: int, row: int, column: int) -> None:
    images = IMAGES[:1] + 1.0
    top, left = max(0, row - side // 2), max(0, column - side // 2)
    expected = images.clone()
    expected[:, :, top : max(0, row - side // 2 + side), left : max(0, column - side // 2 + side)] = 0
    assert torch.equal(cut_out(images, side, torch.tensor([[row, column]])), expected)


def test_the_defaults_change_nothing() -> None:
    same = random_crop_and_flip(IMAGES, Augmentation(), 0, 0, torch.arange(9))
    assert torch.equal(random_cutout(same, 0, 0, 0, torch.arange(9)), IMAGES)


def test_an_images_change_depends_on_seed_epoch_and_index_alone() -> None:
    asked = Augmentation(crop_padding=4, flip="random")
    indices = torch.arange(100, 109)
    whole = random_crop_and_flip(IMAGES, asked, 1, 2, indices)
    some = torch.tensor([7, 0, 3])
    assert torch.equal(random_crop_and_flip(IMAGES[some], asked, 1, 2, indices[some]), whole[some])
    others = [(1, 3, indices), (2, 2, indices), (1, 2, indices + 1)]
    assert not any(torch.equal(random_crop_and_flip(IMAGES, asked, *other), whole) for other in others)


def test_every_window_is_as_likely() -> None:
    bright = torch.full((1, 1, 1, 1), 1.0).expand(len(MANY), 1, 3, 3).clone()
    bright[:] = torch.arange(9.0).view(3, 3) + 1
    moved = random_crop_and_flip(bright, Augmentation(crop_padding=1), 0, 0, MANY)
    windows = (moved.flatten(1) @ (10.0 ** torch.arange(9.0))).long()
    _, counts = windows.unique(return_counts=True)
    assert len(counts) == 9
    assert stats.chisquare(counts.numpy()).pvalue > 1e-4


def test_every_pixel_is_as_likely_a_cutouts_middle() -> None:
    dark = random_cutout(torch.ones(len(MANY), 1, 4, 4), 1, 0, 0, MANY).flatten(1).argmin(1)
    assert stats.chisquare(dark.bincount(minlength=16).numpy()).pvalue > 1e-4


def test_one_image_in_two_is_flipped_anew_each_epoch() -> None:
    first, second = (are_flipped("random", 0, epoch, MANY) for epoch in range(2))
    for flipped in (first, first ^ second):
        assert stats.binomtest(int(flipped.sum()), len(MANY)).pvalue > 1e-4


def test_alternating_flips_show_an_image_both_ways_in_any_two_epochs() -> None:
    epochs = [are_flipped("alternating", 0, epoch, MANY) for epoch in range(4)]
    for one, next_one in pairwise(epochs):
        assert torch.equal(one, ~next_one)
    assert stats.binomtest(int(epochs[0].sum()), len(MANY)).pvalue > 1e-4
