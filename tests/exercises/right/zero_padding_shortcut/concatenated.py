"""By torch.cat with two blocks of zeros."""

import torch


def shortcut(x, out_channels, stride):
    x = x[..., ::stride, ::stride]
    n, c, h, w = x.shape
    missing = out_channels - c
    first = torch.zeros(n, missing // 2, h, w)
    last = torch.zeros(n, missing - missing // 2, h, w)
    return torch.cat((first, x, last), dim=1)
