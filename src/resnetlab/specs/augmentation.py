"""How training images are changed at random, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from resnetlab.specs.checks import check

Flip = Literal["none", "random", "alternating"]


@dataclass(frozen=True)
class Augmentation:
    """Changes to a training image, in this order; the defaults change nothing.

    Args:
        crop_scale: a box of between these shares of the image's area is cut at random, its sides in a ratio of 3:4 to
            4:3, and brought to the network's size; None: the whole image is. Paper: Szegedy et al. 2014, §6.
        crop_padding: pixels of zeros on each side, of which a square of the image's size is cut at random.
            Paper: He et al. 2015, §4.2.
        flip: "random": left to right, one time in two; "alternating": by chance in the first epoch, then every other
            epoch, so that any two epochs show an image both ways. Source: Jordan 2024, "94% on CIFAR-10 in 3.29
            seconds", §3.2.
        randaugment: changes of colour and shape that each image gets, of torchvision's `RandAugment`; 0 for none.
        randaugment_magnitude: their strength, of 30.
        cutout: side of a square of zeros at a random place, pixels. Paper: DeVries & Taylor 2017.
        mixup: α of the beta distribution by which two images of a batch are mixed; 0 for none.
            Paper: Zhang et al. 2017.
        cutmix: the same where a box of one image is put into another; with both, each batch gets one of them.
            Paper: Yun et al. 2019.
    """

    crop_scale: tuple[float, float] | None = None
    crop_padding: int = 0
    flip: Flip = "none"
    randaugment: int = 0
    randaugment_magnitude: int = 9
    cutout: int = 0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        if self.crop_scale is not None:
            ordered = 0 < self.crop_scale[0] <= self.crop_scale[1] <= 1
            check(self, "crop_scale", ordered, "two shares of the area, above 0 and up to 1, the smaller one first")
        check(self, "crop_padding", 0 <= self.crop_padding <= 64, "0 to 64 pixels")
        check(self, "flip", self.flip in get_args(Flip), ", ".join(get_args(Flip)))
        check(self, "randaugment", 0 <= self.randaugment <= 14, "0 to 14 changes")
        check(self, "randaugment_magnitude", 0 <= self.randaugment_magnitude <= 30, "0 to 30")
        check(self, "cutout", self.cutout >= 0, "0 or more pixels")
        check(self, "mixup", 0 <= self.mixup < math.inf, "0 or more")
        check(self, "cutmix", 0 <= self.cutmix < math.inf, "0 or more")

    @property
    def mixes(self) -> bool:
        """Whether images of a batch are put into one another, so that labels become shares of classes."""
        return self.mixup > 0 or self.cutmix > 0

    @property
    def is_of_pixels(self) -> bool:
        """Whether it needs each image by itself, before images are made a batch."""
        return self.crop_scale is not None or self.randaugment > 0
