"""A class of convolutions with norms, and the block on top of it."""

import torch
from torch import nn


def make_shortcut(i, o, s):
    if s == 1 and i == o:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))


class Normed(nn.Conv2d):
    def __init__(self, i, o, kernel, stride=1):
        super().__init__(i, o, kernel, stride=stride, padding=(kernel - 1) // 2, bias=False)
        self.norm = nn.BatchNorm2d(o)

    def forward(self, x):
        return self.norm(super().forward(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        out = self.expansion * width
        self.shortcut = make_shortcut(in_channels, out, stride)
        self.up, self.middle, self.down = (
            Normed(width, out, 1),
            Normed(width, width, 3, stride),
            Normed(in_channels, width, 1),
        )

    def forward(self, x):
        inner = torch.relu(self.middle(torch.relu(self.down(x))))
        return torch.relu(self.up(inner) + self.shortcut(x))
