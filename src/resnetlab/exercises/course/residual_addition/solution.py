"""The equation of residual learning.

A residual block does not learn the mapping H(x) that is wanted, but what is missing to it: H(x) =
F(x) + x (He et al. 2015, Eq. 1). Where the best that a block can do is nothing, F has to become
zero, which the authors suppose to be easier for a stack of layers than the identity. The original
block puts a ReLU after the sum: y = ReLU(F(x) + x).

The skip is x as it came in. Whatever changes x or F(x) in place, `+=` or an in-place ReLU, changes
what the skip or the backward pass still need: PyTorch may notice in the backward pass, or may not.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F


def residual(x: Tensor, branch: Callable[[Tensor], Tensor]) -> Tensor:
    """ReLU(F(x) + x); x is left as it was.

    Args:
        x: (n, c, h, w).
        branch: F, which gives the shape that it gets.
    """
    # --- fill in ---
    skip = x
    y = branch(x)
    return F.relu(y + skip)
    # --- until here ---
