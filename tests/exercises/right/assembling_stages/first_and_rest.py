"""The first block of a stage, then the rest of it."""

from torch import nn


def make_stages(block, in_channels, widths, depths):
    result = nn.Sequential()
    for i in range(len(widths)):
        out = widths[i] * block.expansion
        first = block(in_channels, widths[i], 1 if i == 0 else 2)
        rest = [block(out, widths[i], 1) for _ in range(depths[i] - 1)]
        result.add_module(f"layer{i + 1}", nn.Sequential(first, *rest))
        in_channels = out
    return result
