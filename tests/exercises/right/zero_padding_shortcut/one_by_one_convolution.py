"""As a 1x1 convolution whose weights are zeros and ones."""

import torch
from torch.nn.functional import conv2d


def shortcut(x, out_channels, stride):
    channels = x.shape[1]
    weight = torch.zeros(out_channels, channels, 1, 1)
    before = (out_channels - channels) // 2
    for channel in range(channels):
        weight[before + channel, channel] = 1.0
    return conv2d(x, weight, stride=stride)
