"""Batch norm by hand, in training and in evaluation.

For each channel batch norm subtracts the mean and divides by the standard deviation, then stretches
by γ and shifts by β: y = γ · (x − μ) / √(σ² + ε) + β (Ioffe & Szegedy 2015, Algorithm 1). In
training μ and σ² are those of the batch, taken over all its images, rows and columns; σ² divides by
the number of values m. In evaluation they are running averages, so that what the network says of an
image does not depend on the images beside it.

In training each running average moves a step of `momentum` towards the batch: (1 − momentum) · old
+ momentum · new. PyTorch keeps the variance that divides by m − 1 there, because it estimates that
of all images. No gradient flows through running averages: they are buffers, changed in place.
"""

from __future__ import annotations

import torch
from torch import Tensor


def batch_norm(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    training: bool,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
) -> Tensor:
    """Normalise x, and in training move running_mean and running_var in place.

    Args:
        x: (n, c, h, w).
        gamma: (c,).
        beta: (c,).
        running_mean: (c,), a buffer.
        running_var: (c,), a buffer.
        training: whether the batch's own statistics count.
        momentum: share of the newest batch in the running averages.
        epsilon: keeps the root away from zero.

    Returns:
        (n, c, h, w).
    """
    # --- fill in ---
    if training:
        mean = x.mean((0, 2, 3))
        variance = x.var((0, 2, 3), correction=0)
        m = x.numel() / x.shape[1]
        with torch.no_grad():
            running_mean.mul_(1 - momentum).add_(mean, alpha=momentum)
            running_var.mul_(1 - momentum).add_(variance * m / (m - 1), alpha=momentum)
    else:
        mean, variance = running_mean, running_var
    standardised = (x - mean[:, None, None]) / (variance[:, None, None] + epsilon).sqrt()
    return gamma[:, None, None] * standardised + beta[:, None, None]
    # --- until here ---
