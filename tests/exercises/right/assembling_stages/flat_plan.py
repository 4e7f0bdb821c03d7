"""A plan of all blocks first, then the modules; the stages are one flat Sequential."""

from torch import nn


def make_stages(block, in_channels, widths, depths):
    plan = [(width, 2 if n and not k else 1) for n, width in enumerate(widths) for k in range(depths[n])]
    inputs = [in_channels] + [block.expansion * width for width, _ in plan]
    return nn.Sequential(
        *[block(channels, width, stride) for channels, (width, stride) in zip(inputs, plan, strict=False)]
    )
