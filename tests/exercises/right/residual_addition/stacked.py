"""As the sum over a stack, with maximum for the ReLU."""

import torch
from torch import Tensor


def residual(x: Tensor, branch) -> Tensor:
    both = torch.stack([branch(x), x])
    total = both.sum(dim=0)
    return torch.where(total > 0, total, torch.zeros_like(total))
