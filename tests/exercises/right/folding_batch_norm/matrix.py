"""As a product with a diagonal matrix."""

import torch
from torch import nn


def fold(conv: nn.Conv2d, bn: nn.BatchNorm2d) -> nn.Conv2d:
    inverse = 1 / (bn.running_var + bn.eps) ** 0.5
    if bn.affine:
        inverse = inverse * bn.weight.data
    shape = conv.weight.shape
    weight = torch.diag(inverse) @ conv.weight.data.reshape(shape[0], -1)
    bias = -bn.running_mean * inverse
    if conv.bias is not None:
        bias += conv.bias.data * inverse
    if bn.affine:
        bias += bn.bias.data
    options = {"stride": conv.stride, "padding": conv.padding, "dilation": conv.dilation, "groups": conv.groups}
    folded = nn.Conv2d(conv.in_channels, conv.out_channels, shape[2:], **options)
    folded.load_state_dict({"weight": weight.reshape(shape), "bias": bias})
    return folded
