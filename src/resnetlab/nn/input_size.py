"""Images that are too small are refused in our words, before a pooling layer meets them."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from resnetlab.core.errors import InputSizeError


def refuse_small_images(images: Float[Tensor, "n c h w"], smallest: int, name: str) -> None:
    """Pass images of `smallest` pixels a side or more.

    A caller that should be traceable by `torch.fx` says `torch.fx.wrap("refuse_small_images")` in its module.

    Raises:
        InputSizeError: a side is shorter; the message gives the size and the smallest legal one.
    """
    height, width = images.shape[-2:]
    if height < smallest or width < smallest:
        raise InputSizeError(
            f"images of {height}×{width} pixels are too small for {name}\nsmallest legal size: {smallest}×{smallest}"
        )
