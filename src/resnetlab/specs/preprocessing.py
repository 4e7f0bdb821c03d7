"""How an image becomes a network's input, as data: size, cut, range, normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from resnetlab.specs.checks import check

Interpolation = Literal["bilinear", "bicubic", "nearest"]


@dataclass(frozen=True)
class Preprocessing:
    """The shorter side is brought to `resize`, the centre square of `size` is cut, values go to [0, 1], then to
    (value − mean) / std.

    Args:
        size: side of the square that the network sees, pixels.
        resize: of the image's shorter side before it is cut, pixels.
        mean: of each channel, of values in [0, 1]; one number for grey images, three for colour.
        std: of each channel, likewise.
        interpolation: how pixels are resampled, with antialiasing.
    """

    size: int
    resize: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: Interpolation = "bilinear"

    def __post_init__(self) -> None:
        check(self, "size", self.size >= 1, "1 or more pixels")
        check(self, "resize", self.resize >= self.size, f"size={self.size} or more, or the square would not fit")
        check(self, "mean", len(self.mean) in (1, 3), "one number for grey images, three for colour")
        check(self, "std", len(self.std) == len(self.mean), f"{len(self.mean)} numbers, as in mean")
        check(self, "mean", all(abs(value) <= 1 for value in self.mean), "numbers up to 1, of pixels in [0, 1]")
        check(self, "std", all(0 < value < math.inf for value in self.std), "finite numbers above 0")
        interpolations = get_args(Interpolation)
        check(self, "interpolation", self.interpolation in interpolations, ", ".join(interpolations))

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return len(self.mean)


IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's training pixels, as torchvision, timm and most published weights have them."""

IMAGENET = Preprocessing(224, 256, IMAGENET_MEAN, IMAGENET_STD)
"""One centre crop of 224 pixels from an image of 256: torchvision's IMAGENET1K_V1."""
