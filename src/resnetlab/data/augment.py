"""Crop, flip and cutout of a whole batch at once, by arithmetic on indices.

What is drawn (where to cut, whether to flip) and what is done with it are apart, so that either can be checked alone.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from resnetlab.data.randomness import uniforms
from resnetlab.specs.augmentation import Augmentation, Flip

TOP, LEFT, FLIPPED, ROW, COLUMN = range(5)  # what the draws of an image are for


def random_crop_and_flip(
    images: Shaped[Tensor, "n c h w"], augmentation: Augmentation, seed: int, epoch: int, indices: Int[Tensor, " n"]
) -> Shaped[Tensor, "n c h w"]:
    """Each image cut at a random place of its padded self and flipped, as asked.

    Args:
        images: bytes or float.
        augmentation: of which `crop_padding` and `flip` are done.
        seed: of the whole training.
        epoch: from 0.
        indices: of the images in their data set.
    """
    padding = augmentation.crop_padding
    if not padding and augmentation.flip == "none":
        return images
    corners = (uniforms(seed, epoch, indices, LEFT + 1) * (2 * padding + 1)).long()
    flipped = are_flipped(augmentation.flip, seed, epoch, indices)
    return crop_and_flip(images, padding, corners.to(images.device), flipped.to(images.device))


def are_flipped(flip: Flip, seed: int, epoch: int, indices: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
    """Which images are shown left to right in an epoch.

    Args:
        flip: never, by chance, or by chance in the first epoch and then every other one.
        seed: of the whole training.
        epoch: from 0.
        indices: of the images in their data set.
    """
    if flip == "none":
        return torch.zeros(len(indices), dtype=torch.bool)
    drawn = uniforms(seed, epoch if flip == "random" else 0, indices, FLIPPED + 1)[:, FLIPPED] < 0.5
    return drawn ^ (flip == "alternating" and epoch % 2 == 1)


def crop_and_flip(
    images: Shaped[Tensor, "n c h w"], padding: int, corners: Int[Tensor, "n 2"], flipped: Bool[Tensor, " n"]
) -> Shaped[Tensor, "n c h w"]:
    """A window of each image's own size, cut from the image with zeros around it, then flipped left to right.

    Args:
        images: bytes or float.
        padding: zeros on each side, pixels.
        corners: top and left of each window in the padded image, pixels.
        flipped: which are flipped.
    """
    height, width = images.shape[-2:]
    down, across = (torch.arange(side, device=images.device) for side in (height, width))
    rows = corners[:, :1] + down  # (n, h)
    columns = corners[:, 1:] + torch.where(flipped[:, None], width - 1 - across, across)  # (n, w)
    taken = (rows[:, :, None] * (width + 2 * padding) + columns[:, None, :]).flatten(1)  # (n, h·w)
    padded = F.pad(images, (padding,) * 4).flatten(2)
    return padded.gather(2, taken[:, None].expand(-1, images.shape[1], -1)).view_as(images)


def random_cutout(
    images: Shaped[Tensor, "n c h w"], side: int, seed: int, epoch: int, indices: Int[Tensor, " n"]
) -> Shaped[Tensor, "n c h w"]:
    """Each image with a square of zeros around a random pixel.

    Args:
        images: normalised, so that zero is the mean.
        side: of the square, pixels; 0 for none.
        seed: of the whole training.
        epoch: from 0.
        indices: of the images in their data set.
    """
    if not side:
        return images
    sizes = torch.tensor(images.shape[-2:])
    centres = (uniforms(seed, epoch, indices, COLUMN + 1)[:, ROW:] * sizes).long()
    return cut_out(images, side, centres.to(images.device))


def cut_out(images: Shaped[Tensor, "n c h w"], side: int, centres: Int[Tensor, "n 2"]) -> Shaped[Tensor, "n c h w"]:
    """Each image with a square of zeros, as far as it lies inside. Paper: DeVries & Taylor 2017, §3.2.

    Args:
        images: bytes or float.
        side: of the square, pixels.
        centres: row and column of each square's middle; of an even side, of the pixel after it.
    """
    inside = []
    for size, centre in zip(images.shape[-2:], centres.T, strict=True):
        offset = torch.arange(size, device=images.device) - (centre[:, None] - side // 2)
        inside.append((offset >= 0) & (offset < side))
    square = inside[0][:, :, None] & inside[1][:, None, :]
    return images.masked_fill(square[:, None], 0)
