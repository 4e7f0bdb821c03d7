"""Takes every stride-th pixel first, by a pooling of one pixel, then projects without a stride."""

from torch import nn


def make_shortcut(in_channels, out_channels, stride):
    fits = stride == 1 and in_channels == out_channels
    pick = nn.MaxPool2d(kernel_size=1, stride=stride)
    project = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    return nn.Identity() if fits else nn.Sequential(pick, project, nn.BatchNorm2d(out_channels))
