"""Real data that needs no download: scikit-learn's digits and its two photographs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from sklearn.datasets import load_digits, load_sample_images
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, eq=False)
class ImageData:
    """A labelled data set held in memory, normalised over the pixels of its training part.

    Args:
        name: its data reference.
        train_images: (N, C, H, W), float, normalised.
        train_labels: (N,), class numbers.
        test_images: (M, C, H, W), by the training part's mean and standard deviation.
        test_labels: (M,).
        classes: names in the order of their numbers.
        mean: of the training part's pixels in [0, 1], which was taken off every image.
        std: of the same, by which every image was divided.
    """

    name: str
    train_images: Float[Tensor, "n c h w"]
    train_labels: Int[Tensor, " n"]
    test_images: Float[Tensor, "m c h w"]
    test_labels: Int[Tensor, " m"]
    classes: tuple[str, ...]
    mean: float
    std: float

    @property
    def channels(self) -> int:
        """Of every image."""
        return self.train_images.shape[1]

    @property
    def size(self) -> int:
        """Side of every image in pixels."""
        return self.train_images.shape[-1]


TEST_SHARE_SEED = 20151210  # the day the residual paper appeared; it fixes which digits are for testing


@lru_cache(maxsize=1)
def digits() -> ImageData:
    """1,797 handwritten digits of 8×8 pixels: 1,400 to train on, 397 to test on.

    Source:
        Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI; as shipped by scikit-learn.
    """
    bunch = load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16
    labels = torch.from_numpy(bunch.target).long()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(TEST_SHARE_SEED))
    train, test = order[:1400], order[1400:]
    mean, std = images[train].mean(), images[train].std()
    images = (images - mean) / std
    return ImageData(
        name="digits",
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        classes=tuple("0123456789"),
        mean=mean.item(),
        std=std.item(),
    )


@lru_cache(maxsize=8)
def photographs(size: int = 224) -> Float[Tensor, "2 3 s s"]:
    """Two colour photographs, a Chinese temple and a flower, normalised per channel over both.

    Args:
        size: side of the square they are cut and scaled to, in pixels.
    """
    cut = []
    for image in load_sample_images().images:
        height, width, _ = image.shape
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = torch.from_numpy(image[top : top + side, left : left + side].copy()).permute(2, 0, 1).float() / 255
        cut.append(F.interpolate(square[None], size=(size, size), mode="bilinear", antialias=True)[0])
    both = torch.stack(cut)
    return (both - both.mean(dim=(0, 2, 3), keepdim=True)) / both.std(dim=(0, 2, 3), keepdim=True)
