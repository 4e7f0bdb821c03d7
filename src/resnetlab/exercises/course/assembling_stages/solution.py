"""From blocks to stages.

A residual network is a stem, a few stages of blocks, and a head. A stage is blocks of one width in
a row; the widths double from stage to stage (64, 128, 256, 512), and the depths say how many blocks
each has: (2, 2, 2, 2) in ResNet-18, (3, 4, 6, 3) in ResNet-50 (He et al. 2015, Table 1).

The first block of every stage but the first strides by 2, all others by 1. Each block takes the
channels that the one before it gives, and gives `width * block.expansion`: 1 times in a basic
block, 4 times in a bottleneck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn


def make_stages(block: Any, in_channels: int, widths: Sequence[int], depths: Sequence[int]) -> nn.Sequential:
    """All stages in a row: best an nn.Sequential for each, so that later code can reach them; not looked at here.

    Args:
        block: a class; `block(in_channels, width, stride)` makes one that gives
            `width * block.expansion` channels.
        in_channels: that the stem gives.
        widths: of each stage.
        depths: how many blocks each stage has.
    """
    # --- fill in ---
    stages = []
    for number, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        blocks = []
        for place in range(depth):
            stride = 2 if place == 0 and number > 0 else 1
            blocks.append(block(in_channels, width, stride))
            in_channels = width * block.expansion
        stages.append(nn.Sequential(*blocks))
    return nn.Sequential(*stages)
    # --- until here ---
