"""Folding a batch norm into the convolution before it.

In evaluation a batch norm does the same to every image: it stretches each channel by γ / √(σ² + ε) and shifts it, with
running averages that do not move any more. A convolution is linear, so that factor can go into its weights, and the
shift into its bias. The network then computes the same with a layer less: that is what compilers and exporters do.

W' = W · γ / √(σ² + ε), one factor for each channel that comes out, and b' = β + (b − μ) · γ / √(σ² + ε). In training
this cannot be: μ and σ² are then those of the batch, which nobody knows before it is there.
"""

from __future__ import annotations

import copy

import torch
from torch import nn


def fold(conv: nn.Conv2d, bn: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that computes what conv and then bn compute in evaluation.

    Args:
        conv: with or without a bias, with any stride, padding, dilation and groups; it is not changed.
        bn: over the channels that conv gives; γ and β are None where it was made with affine=False.

    Returns:
        a new convolution, with a bias.
    """
    # --- fill in ---
    assert bn.running_mean is not None  # a norm without running averages cannot be folded
    assert bn.running_var is not None
    with torch.no_grad():
        scale = (bn.running_var + bn.eps).rsqrt()
        if bn.weight is not None:
            scale = scale * bn.weight
        shift = torch.zeros_like(bn.running_mean) if bn.bias is None else bn.bias
        bias = torch.zeros_like(bn.running_mean) if conv.bias is None else conv.bias
        folded = copy.deepcopy(conv)
        folded.weight = nn.Parameter(conv.weight * scale[:, None, None, None])
        folded.bias = nn.Parameter(shift + (bias - bn.running_mean) * scale)
    return folded
    # --- until here ---
