"""Line by line, as torchvision writes its blocks."""

import torch
from torch import nn


class PreActivationBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        self.relu = nn.ReLU()
        self.norm_a = nn.BatchNorm2d(in_channels)
        self.conv_a = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.norm_b = nn.BatchNorm2d(channels)
        self.conv_b = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.downsample = nn.Identity()
        if stride > 1 or channels != in_channels:
            self.downsample = nn.Conv2d(in_channels, channels, 1, stride, bias=False)

    def forward(self, x):
        identity = x
        out = self.norm_a(x)
        out = self.relu(out)
        if not isinstance(self.downsample, nn.Identity):
            identity = self.downsample(out)
        out = self.conv_a(out)
        out = self.norm_b(out)
        out = self.relu(out)
        out = self.conv_b(out)
        out += identity
        return torch.as_tensor(out)
