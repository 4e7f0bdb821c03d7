"""Plain against residual: what a block does to the gradient.

With y = F(x) + x, tutorials say, the derivative is F′(x) + 1, so the gradient is always at least 1 and cannot vanish.
But the derivative is a matrix. A gradient g at the block's output becomes gᵀ(I + J) at its input, J the Jacobian of
F, and J may point the other way: F(x) = −x/2 halves every gradient, and F(x) = −x ends it. What holds is that gᵀ
comes through by itself, so that it vanishes only where J undoes it; in a plain stack, gᵀJ, there is nothing but the
product.

So it is to be measured: for each block and each image, the norm of the gradient at the block's input over that at its
output. One ratio below 1 contradicts "always".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Branch = Callable[[Tensor], Tensor]


def gradient_ratios(x: Tensor, branches: Sequence[Branch], residual: bool, direction: Tensor) -> Tensor:
    """The gradient's norm at each block's input over that at its output, for each image alone.

    Args:
        x: (n, d), the input of the first block.
        branches: F of each block, in order; each takes and gives (n, d).
        residual: whether a block is F(h) + h, or F(h) alone.
        direction: (n, d); the loss is the sum of the last block's output times it, element by element.

    Returns:
        (blocks, n), the first block first.
    """
    # --- fill in ---
    states = [x.detach().requires_grad_()]
    for branch in branches:
        h = states[-1]
        states.append(branch(h) + h if residual else branch(h))
    gradients = torch.autograd.grad((states[-1] * direction).sum(), states)
    norms = torch.stack([gradient.norm(dim=1) for gradient in gradients])
    return norms[:-1] / norms[1:]
    # --- until here ---


def always_at_least_one(ratios: Tensor) -> bool:
    """Whether the claim holds in what was measured.

    Args:
        ratios: (blocks, n), without NaN.
    """
    # --- fill in ---
    return bool((ratios >= 1).all())
    # --- until here ---
