"""Blocks to look at: made in one line, and drawn so that no mistake can hide."""

from __future__ import annotations

from typing import Any

from torch import nn

from resnetlab.nn import BasicBlock, ResidualBlock
from resnetlab.specs.parts import Basic, Shortcut


def given(shortcut: Shortcut, out_channels: int = 4, stride: int = 1, **options: Any) -> BasicBlock:
    return BasicBlock(4, out_channels, stride, Basic(**options), shortcut)


def drawn(block: ResidualBlock) -> ResidualBlock:
    """The block in float64, with every number that could hide a mistake drawn at random."""
    for name, tensor in (*block.named_parameters(), *block.named_buffers()):
        if name.endswith("running_var") or tensor.dim() == 1:
            nn.init.uniform_(tensor, 0.2, 1.5)
        elif tensor.is_floating_point() and tensor.dim() == 0:
            nn.init.constant_(tensor, 0.7)
    return block.double()
