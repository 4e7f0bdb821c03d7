"""As an einsum over a new convolution of the same options."""

import torch
from torch import nn


def fold(conv, bn):
    std = torch.sqrt(bn.running_var + bn.eps)
    gamma = torch.ones_like(std) if bn.weight is None else bn.weight.detach()
    beta = torch.zeros_like(std) if bn.bias is None else bn.bias.detach()
    new = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
        bias=True,
    )
    new.weight.data = torch.einsum("o,oikl->oikl", gamma / std, conv.weight.detach())
    old = 0.0 if conv.bias is None else conv.bias.detach()
    new.bias.data = gamma * (old - bn.running_mean) / std + beta
    return new
