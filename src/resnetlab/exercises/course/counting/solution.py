"""Counting parameters and multiply-adds.

A network's size has two numbers that tutorials mix up. Parameters are what is learned: weights, biases, γ and β, each
tensor once, even where two layers share it; running averages are not. Multiply-adds are the work for one image: each
number that a convolution gives takes (c / groups) · k · k of them, so a layer costs its weights times its positions.
ResNet-50 has fewer parameters than VGG-16's first linear layer, and still needs 4.09 G multiply-adds.

One multiply-add is two floating-point operations, which is why printed "FLOPs" differ by two. By convention biases,
norms and activations are left out of the multiply-adds. A forward hook on a layer sees what every call of it takes
and gives.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def count_parameters(network: nn.Module, trainable_only: bool) -> int:
    """How many numbers are learned.

    Args:
        network: any.
        trainable_only: leave out those that ask for no gradient.
    """
    # --- fill in ---
    return sum(p.numel() for p in network.parameters() if p.requires_grad or not trainable_only)
    # --- until here ---


def count_multiply_adds(network: nn.Module, image: tuple[int, int, int]) -> int:
    """Multiply-adds of all calls of convolutions and linear layers for one image; the network is left as it was.

    Args:
        network: in any mode, its frozen norms perhaps in another; modes and running averages stay.
        image: channels, height, width.
    """
    # --- fill in ---
    counted = 0

    def count(layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal counted
        counted += output[0].numel() * layer.weight[0].numel()

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    modes = {part: part.training for part in network.modules()}
    network.eval()  # so that no running average moves
    with torch.no_grad():
        network(torch.zeros(1, *image))
    for part, mode in modes.items():
        part.training = mode
    for hook in hooks:
        hook.remove()
    return counted
    # --- until here ---
