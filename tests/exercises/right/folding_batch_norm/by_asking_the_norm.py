"""By asking the norm itself what it makes of a zero and of a one."""

import copy

import torch
from torch import nn


@torch.no_grad()
def fold(conv, bn):
    norm = copy.deepcopy(bn).eval()
    channels = conv.out_channels
    shift = norm(torch.zeros(1, channels, 1, 1)).flatten()
    factor = norm(torch.ones(1, channels, 1, 1)).flatten() - shift
    folded = copy.deepcopy(conv)
    folded.weight.mul_(factor.view(-1, 1, 1, 1))
    bias = shift if conv.bias is None else shift + conv.bias * factor
    folded.bias = nn.Parameter(bias.clone())
    return folded
