"""A convolution is a matrix product.

A convolution puts the same weights on every window of an image: window by window it takes the
products of k x k pixels in each of c channels with as many weights, and adds them up. `F.unfold`
cuts all windows out and lays each in a column: (n, c, h, w) becomes (n, c * k * k, windows). With
the weights as a matrix of (d, c * k * k), one product does the whole layer. Its cost is therefore
counted in multiply-adds.

Padding puts zeros round the image, so that the border has windows too. The stride is the step from
a window to the next, so the image that comes out is that much smaller.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def convolution(x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    """What F.conv2d computes, without it: by F.unfold and a matrix product.

    Args:
        x: (n, c, h, w).
        weight: (d, c, k, k).
        bias: (d,), added to each of the d channels.
        stride: step from a window to the next, down and to the right.
        padding: rows and columns of zeros on each side.

    Returns:
        (n, d, (h + 2 * padding - k) // stride + 1, the same of w).
    """
    # --- fill in ---
    n, _, h, w = x.shape
    d, _, k, _ = weight.shape
    columns = F.unfold(x, k, padding=padding, stride=stride)  # (n, c * k * k, windows)
    y = weight.reshape(d, -1) @ columns + bias[:, None]  # (n, d, windows)
    rows, width = (h + 2 * padding - k) // stride + 1, (w + 2 * padding - k) // stride + 1
    return y.reshape(n, d, rows, width)
    # --- until here ---
