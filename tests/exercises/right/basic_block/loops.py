"""Layers in lists."""

import torch
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        convolutions = [nn.Conv2d(channels, channels, 3, bias=False) for _ in range(2)]
        self.convolutions = nn.ModuleList(convolutions)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))

    def forward(self, x):
        h = x
        for i, (conv, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            h = norm(conv(nn.functional.pad(h, (1, 1, 1, 1))))
            h = torch.relu(h + x if i == 1 else h)
        return h
