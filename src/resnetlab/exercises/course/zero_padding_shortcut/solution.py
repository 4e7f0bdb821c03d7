"""The shortcut without parameters: option A.

Where a block halves the image and doubles the channels, option A of the paper (He et al. 2015,
§3.3) takes every second pixel of x, in rows and columns, and fills the new channels with zeros. It
costs nothing, and the paper uses it for CIFAR-10. Only the branch can write into the new channels,
so they have no residual learning at first.

The paper leaves open where the zeros stand. Here half of the new channels come before the old and
half after, as in the best-known published CIFAR networks; of an odd number the larger half comes
after.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def shortcut(x: Tensor, out_channels: int, stride: int) -> Tensor:
    """Every `stride`-th pixel of x from the first on, with new channels of zeros before and after the old.

    Args:
        x: (n, c, h, w).
        out_channels: c or more.
        stride: of the block.
    """
    # --- fill in ---
    added = out_channels - x.shape[1]
    before = added // 2
    after = added - before
    small = x[:, :, ::stride, ::stride]
    return F.pad(small, (0, 0, 0, 0, before, after))
    # --- until here ---
