"""By torch.add and clamp."""

import torch


def residual(x, branch):
    return torch.add(x, branch(x)).clamp(min=0)
