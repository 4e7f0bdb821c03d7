"""The branches F: what the residual blocks of the zoo compute beside the skip.

Each class fills the slots of `ResidualBlock` and stands alone, as in `BasicBlock(64, 128, stride=2)`, with the same
frozen options as a row of the zoo.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from resnetlab.core.errors import SpecError
from resnetlab.nn.layers import SqueezeExcitation, activation, convolution, normalisation
from resnetlab.nn.merges import make_merge
from resnetlab.nn.residual import ResidualBlock
from resnetlab.nn.shortcuts import ZeroPadding, make_downsample
from resnetlab.specs.network import check_block_beside
from resnetlab.specs.parts import Basic, Block, Bottleneck, Projection, RegNetBottleneck, Shortcut


class ConvolutionalBlock(ResidualBlock):
    """What all branches of convolutions share: the skip, the merge, and on which side of F they activate."""

    bn1: nn.Module

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        options: Block,
        shortcut: Shortcut,
        drop_path: float | None,
    ) -> None:
        own = options if drop_path is None else replace(options, drop_path=drop_path)
        check_block_beside(shortcut, own)
        super().__init__(
            downsample=make_downsample(shortcut, options, in_channels, out_channels, stride),
            merge=make_merge(own, shortcut, out_channels),
        )
        self.preactivates = options.order == "pre"
        learned_skip = self.downsample is not None and not isinstance(self.downsample, ZeroPadding)
        self.projects_preactivated = self.preactivates and learned_skip
        # Without a norm in between, activating in place would overwrite the x that the skip still needs.
        self.act = activation(options.activation, inplace=not (self.preactivates and options.norm == "none"))
        self.se = _squeeze(options, in_channels, out_channels)

    def before(self, x: Tensor) -> Tensor:
        return self.act(self.bn1(x)) if self.preactivates else x

    def after(self, y: Tensor) -> Tensor:
        return y if self.preactivates else self.act(y)


class BasicBlock(ConvolutionalBlock):
    """Two 3×3 convolutions.

    Paper:
        He et al. 2015, Figure 5 left; pre-activation: He et al. 2016, Figure 1b.

    Args:
        in_channels: of x.
        out_channels: of H(x).
        stride: of the first convolution, or of the max-pool after it, and of the skip.
        options: order, normalisation, activation and the rest.
        shortcut: the way round the branch.
        drop_path: this block's own probability of stochastic depth; None takes that of the options.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        options: Basic = Basic(),
        shortcut: Shortcut = Projection(),
        drop_path: float | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, stride, options, shortcut, drop_path)
        bias, pools = options.norm == "none", stride > 1 and options.downsampling == "max-pool"
        self.conv1 = convolution(in_channels, out_channels, 3, 1 if pools else stride, bias=bias)
        # Rounded up, as a convolution of that stride does.
        self.pool = nn.MaxPool2d(stride, ceil_mode=True) if pools else nn.Identity()
        self.bn1 = normalisation(options.norm, in_channels if self.preactivates else out_channels)
        self.conv2 = convolution(out_channels, out_channels, 3, bias=bias)
        self.bn2 = normalisation(options.norm, out_channels, from_zero=options.zero_init_last)
        self.drop = nn.Dropout(options.dropout)

    def branch(self, h: Tensor) -> Tensor:
        if self.preactivates:
            return self.se(self.conv2(self.drop(self.act(self.bn2(self.pool(self.conv1(h)))))))
        return self.se(self.bn2(self.conv2(self.drop(self.act(self.bn1(self.pool(self.conv1(h))))))))


class BottleneckBlock(ConvolutionalBlock):
    """1×1 down to `width`, 3×3, 1×1 up to `width × expansion`.

    Paper:
        He et al. 2015, Figure 5 right; groups: Xie et al. 2017, Figure 3c; pre-activation: He et al. 2016, Figure 1b.
    Deviation:
        The stride stands in the 3×3 as in torchvision (v1.5), unless `options.stride_in` is "1x1": the paper's (v1).

    Args:
        in_channels: of x.
        width: of the stage, 64 in the first of ResNet-50: what papers call planes. The block gives
            `width * options.expansion` channels.
        stride: of the block.
        options: order, normalisation, activation, groups and the rest.
        shortcut: the way round the branch.
        drop_path: this block's own probability of stochastic depth; None takes that of the options.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        options: Bottleneck | RegNetBottleneck = Bottleneck(),
        shortcut: Shortcut = Projection(),
        drop_path: float | None = None,
    ) -> None:
        out_channels = width * options.expansion
        super().__init__(in_channels, out_channels, stride, options, shortcut, drop_path)
        inner, groups, strides = _inner(options, width, stride)
        bias = options.norm == "none"
        self.conv1 = convolution(in_channels, inner, 1, strides[0], bias=bias)
        self.bn1 = normalisation(options.norm, in_channels if self.preactivates else inner)
        self.conv2 = convolution(inner, inner, 3, strides[1], groups, bias=bias)
        self.bn2 = normalisation(options.norm, inner)
        self.conv3 = convolution(inner, out_channels, 1, bias=bias)
        last = inner if self.preactivates else out_channels
        self.bn3 = normalisation(options.norm, last, from_zero=options.zero_init_last)

    def branch(self, h: Tensor) -> Tensor:
        if self.preactivates:
            h = self.conv2(self.act(self.bn2(self.conv1(h))))
            return self.se(self.conv3(self.act(self.bn3(h))))
        h = self.act(self.bn1(self.conv1(h)))
        h = self.act(self.bn2(self.conv2(h)))
        return self.se(self.bn3(self.conv3(h)))


class RegNetBlock(BottleneckBlock):
    """The bottleneck of one width; squeeze-and-excitation follows the 3×3 instead of the whole branch.

    Paper:
        Radosavovic et al. 2020, Figure 4 (X) and §4, "SE" (Y).
    """

    def branch(self, h: Tensor) -> Tensor:
        h = self.act(self.bn1(self.conv1(h)))
        h = self.se(self.act(self.bn2(self.conv2(h))))
        return self.bn3(self.conv3(h))


def make_block(
    options: Block, in_channels: int, width: int, stride: int, shortcut: Shortcut, drop_path: float
) -> ConvolutionalBlock:
    """The block that a spec's options describe, for a stage of this width."""
    kinds: dict[type[Block], type[ConvolutionalBlock]] = {
        Basic: BasicBlock,
        Bottleneck: BottleneckBlock,
        RegNetBottleneck: RegNetBlock,
    }
    return kinds[type(options)](in_channels, width, stride, options, shortcut, drop_path)


def _inner(options: Bottleneck | RegNetBottleneck, width: int, stride: int) -> tuple[int, int, tuple[int, int]]:
    """Channels and groups of the 3×3, and the strides of the first 1×1 and the 3×3."""
    if isinstance(options, RegNetBottleneck):
        if width % options.group_width:
            raise SpecError(f"group_width={options.group_width} does not divide width={width}\nallowed: a divisor")
        return width, width // options.group_width, (1, stride)
    strides = (stride, 1) if options.stride_in == "1x1" else (1, stride)
    return options.inner_width(width), options.groups, strides


def _squeeze(options: Block, in_channels: int, out_channels: int) -> nn.Module:
    if options.squeeze is None:
        return nn.Identity()
    of = in_channels if options.squeeze.of == "input" else out_channels
    return SqueezeExcitation(out_channels, max(1, round(of * options.squeeze.ratio)))
