"""What is done to images one by one: a random part brought to size, and torchvision's RandAugment."""

from __future__ import annotations

import torch
from jaxtyping import Int, Shaped, UInt8
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms import functional as TF

from resnetlab.data.preprocess import cut, fit_channels
from resnetlab.data.randomness import Purpose, seeded
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import Preprocessing

OF_THE_BOX, OF_THE_COLOURS = 0, 1  # two random states for an image, so that one does not move the other


def training_square(
    image: Shaped[Tensor, "c h w"], how: Preprocessing, augmentation: Augmentation, seed: int, epoch: int, index: int
) -> Shaped[Tensor, "k s s"]:
    """The square that the network is to see: a random part of the image where that is asked, else as in evaluation.

    Args:
        image: of one channel or three.
        how: size, interpolation, channels; without a random part, also the size before cutting.
        augmentation: of which `crop_scale` is done.
        seed: of the whole training.
        epoch: from 0.
        index: of the image in its data set.
    """
    if augmentation.crop_scale is None:
        return cut(image, how)
    mode = InterpolationMode(how.interpolation)
    part = v2.RandomResizedCrop(how.size, augmentation.crop_scale, interpolation=mode, antialias=True)
    with seeded(Purpose.PIXELS, seed, epoch, 2 * index + OF_THE_BOX):
        return fit_channels(part(image), how.channels)


def random_colours(
    images: Shaped[Tensor, "n c h w"], augmentation: Augmentation, seed: int, epoch: int, indices: Int[Tensor, " n"]
) -> Shaped[Tensor, "n c h w"]:
    """Each image after RandAugment, where that is asked; float images in [0, 1] become bytes for it and come back.

    Args:
        images: bytes, or float in [0, 1].
        augmentation: of which `randaugment` is done.
        seed: of the whole training.
        epoch: from 0.
        indices: of the images in their data set.
    """
    if not augmentation.randaugment:
        return images
    change = v2.RandAugment(augmentation.randaugment, augmentation.randaugment_magnitude)
    changed: list[UInt8[Tensor, "c h w"]] = []
    for image, index in zip(TF.convert_image_dtype(images, torch.uint8), indices.tolist(), strict=True):
        with seeded(Purpose.PIXELS, seed, epoch, 2 * index + OF_THE_COLOURS):
            changed.append(change(image))
    return TF.convert_image_dtype(torch.stack(changed), images.dtype)
