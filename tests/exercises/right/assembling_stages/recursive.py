"""The first stage, and the others by a call of itself."""

from torch import nn


def stage(block, in_channels, width, depth, stride):
    layers = []
    while len(layers) < depth:
        layers.append(block(in_channels, width, stride))
        in_channels, stride = block.expansion * width, 1
    return nn.Sequential(*layers)


def make_stages(block, in_channels, widths, depths, stride=1):
    if not widths:
        return nn.Sequential()
    first = stage(block, in_channels, widths[0], depths[0], stride)
    return nn.Sequential(first, *make_stages(block, widths[0] * block.expansion, widths[1:], depths[1:], 2))
