"""From a picture to a network's input, as a `Preprocessing` says: resized, cut, scaled to [0, 1], normalised.

The two halves are apart because threads cut single images while the network takes whole batches, which travel to a
device as bytes. Together they give exactly what torchvision's `ImageClassification` gives for the same tensor.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as TF

from resnetlab.specs.preprocessing import Preprocessing


def cut(image: Shaped[Tensor, "*n c h w"], how: Preprocessing) -> Shaped[Tensor, "*n k s s"]:
    """The square that the network is to see, in the channels that it takes; bytes stay bytes.

    Args:
        image: of one channel or three, bytes or float in [0, 1]; or many of one size.
        how: size, resize, interpolation and the number of channels.
    """
    mode = InterpolationMode(how.interpolation)
    whole = TF.resize(image, [how.resize], interpolation=mode, antialias=True)
    return fit_channels(TF.center_crop(whole, [how.size]), how.channels)


def fit_channels(image: Shaped[Tensor, "*n c h w"], channels: int) -> Shaped[Tensor, "*n k h w"]:
    """A grey image three times, or a colour image's brightness, where the network takes another number of channels.

    Args:
        image: of one channel or three; or many.
        channels: one or three.
    """
    if image.shape[-3] == channels:
        return image
    return image.expand(*image.shape[:-3], channels, -1, -1) if channels == 3 else TF.rgb_to_grayscale(image)


def normalise(images: Shaped[Tensor, "n c s s"], how: Preprocessing) -> Float[Tensor, "n c s s"]:
    """(value − mean) / std of each channel, of values brought to [0, 1].

    Args:
        images: squares as `cut` gives them.
        how: mean and std.
    """
    values = TF.convert_image_dtype(images, torch.float32)
    return TF.normalize(values, list(how.mean), list(how.std))


def denormalise(images: Float[Tensor, "n c s s"], how: Preprocessing) -> UInt8[Tensor, "n c s s"]:
    """Bytes again, to be looked at: the inverse of `normalise`, cut off at black and white.

    Args:
        images: as `normalise` gives them.
        how: mean and std.
    """
    mean, std = (torch.tensor(numbers).view(-1, 1, 1) for numbers in (how.mean, how.std))
    values = images.detach().to("cpu", torch.float32) * std + mean
    return (values * 255).round().clamp(0, 255).to(torch.uint8)
