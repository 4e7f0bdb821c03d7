"""The shortcut where the shape changes: option B.

F(x) + x needs both of one shape. Where a block halves the image or has more channels than x, x has
to follow. Option B of the paper (He et al. 2015, §3.3) projects it there: a 1x1 convolution with
the block's stride, and batch norm behind it, as behind every convolution of the network. Where the
shape does not change the shortcut stays the identity, which costs nothing and lets the signal pass
untouched; to project everywhere is option C, which the paper found not worth it.
"""

from __future__ import annotations

from torch import nn


def make_shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """What brings x to the shape of F(x): the identity where it has it already, else 1x1 convolution and batch norm.

    Args:
        in_channels: of x.
        out_channels: of F(x).
        stride: of the block.
    """
    # --- fill in ---
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))
    # --- until here ---
