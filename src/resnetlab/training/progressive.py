"""Images that grow while a network is trained."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from resnetlab.training.config import Growth

Images = Float[Tensor, "n c h w"]


def grown(growth: Growth, steps: int) -> Callable[[Images, int], Images]:
    """What brings a batch to the size of its step, counted from 0; images are never enlarged.

    Args:
        growth: the sizes.
        steps: of the whole training.
    """
    phases = growth.phases(steps)

    def at(images: Images, step: int) -> Images:
        side = next(side for start, side in reversed(phases) if start <= step)
        return images if side is None or side >= images.shape[-1] else made_smaller(images, side)

    return at


def made_smaller(images: Images, side: int) -> Images:
    """Squares of a smaller side, in the same order of values in memory.

    Args:
        images: squares.
        side: of the new ones, pixels.
    """
    lasts = images.is_contiguous(memory_format=torch.channels_last)
    smaller = F.interpolate(images, size=(side, side), mode="bilinear", antialias=True)
    return smaller.contiguous(memory_format=torch.channels_last if lasts else torch.contiguous_format)
