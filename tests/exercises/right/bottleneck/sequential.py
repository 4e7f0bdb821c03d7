"""The branch as one Sequential, built by a function."""

from torch import nn


def make_shortcut(i, o, s):
    if s == 1 and i == o:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))


def normed(i, o, kernel, stride=1):
    return [nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(o)]


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, in_channels, width, stride=1):
        super().__init__()
        layers = [*normed(in_channels, width, 1), nn.ReLU(), *normed(width, width, 3, stride), nn.ReLU()]
        self.branch = nn.Sequential(*layers, *normed(width, 4 * width, 1))
        self.skip = make_shortcut(in_channels, 4 * width, stride)

    def forward(self, x):
        return nn.functional.relu(self.skip(x) + self.branch(x))
