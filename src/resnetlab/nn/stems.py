"""Stems: what turns an image into the first stage's input."""

from __future__ import annotations

from torch import nn

from resnetlab.nn.layers import activation, convolution, normalisation
from resnetlab.specs.parts import Block, Stem


def make_stem_convolution(stem: Stem, in_channels: int, block: Block) -> nn.Module:
    """The stem's convolution; for the deep stem three 3×3, the first two of half the width, normalised in between.

    Paper:
        He et al. 2015, Table 1 (conv1); deep: He et al. 2018, Figure 2b.
    """
    bias = block.norm == "none"
    if stem.convolutions == 1:
        return convolution(in_channels, stem.width, stem.kernel, stem.stride, bias=bias)
    half = stem.width // 2
    return nn.Sequential(
        convolution(in_channels, half, stem.kernel, stem.stride, bias=bias),
        normalisation(block.norm, half),
        activation(block.activation),
        convolution(half, half, stem.kernel, bias=bias),
        normalisation(block.norm, half),
        activation(block.activation),
        convolution(half, stem.width, stem.kernel, bias=bias),
    )


def make_stem_pool(stem: Stem) -> nn.Module:
    """A 3×3 max-pooling of stride 2, or nothing."""
    return nn.MaxPool2d(kernel_size=3, stride=2, padding=1) if stem.max_pool else nn.Identity()
