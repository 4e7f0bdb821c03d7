"""EfficientNet: residual blocks that are wide inside and narrow between, with depthwise convolutions."""

from __future__ import annotations

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.nn.classifier import Classifier
from resnetlab.nn.init import initialise
from resnetlab.nn.input_size import refuse_small_images
from resnetlab.nn.layers import SqueezeExcitation, activation, convolution
from resnetlab.nn.merges import BranchOnly, Merge, stochastic_depth
from resnetlab.nn.residual import ResidualBlock
from resnetlab.specs.efficientnet import EfficientNetSpec

torch.fx.wrap("refuse_small_images")


class MBConvBlock(ResidualBlock):
    """1×1 up, depthwise k×k, squeeze-and-excitation, 1×1 down without activation; no skip where the shape changes.

    Paper:
        Tan & Le 2019, §4; the inverted bottleneck: Sandler et al. 2018, Figure 3b.

    Args:
        in_channels: of x.
        out_channels: of H(x).
        stride: of the depthwise convolution.
        kernel: of the depthwise convolution.
        expansion: inner channels over `in_channels`; with 1 there is no first 1×1.
        squeeze_ratio: squeezed channels over `in_channels`.
        drop_path: this block's own probability of stochastic depth.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        kernel: int = 3,
        expansion: int = 6,
        squeeze_ratio: float = 0.25,
        drop_path: float = 0.0,
    ) -> None:
        keeps_shape = stride == 1 and in_channels == out_channels
        on_branch = stochastic_depth(drop_path) if drop_path else None
        super().__init__(merge=Merge(on_branch) if keeps_shape else BranchOnly())
        inner = in_channels * expansion
        self.conv1 = convolution(in_channels, inner, 1) if expansion > 1 else None
        self.bn1 = nn.BatchNorm2d(inner) if expansion > 1 else None
        self.conv2 = convolution(inner, inner, kernel, stride, groups=inner)
        self.bn2 = nn.BatchNorm2d(inner)
        self.se = SqueezeExcitation(inner, max(1, int(in_channels * squeeze_ratio)), act="silu")
        self.conv3 = convolution(inner, out_channels, 1)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.act = activation("silu")

    def branch(self, h: Tensor) -> Tensor:
        if self.conv1 is not None and self.bn1 is not None:
            h = self.act(self.bn1(self.conv1(h)))
        h = self.se(self.act(self.bn2(self.conv2(h))))
        return self.bn3(self.conv3(h))


class EfficientNet(Classifier):
    """The network that an `EfficientNetSpec` describes: `conv1`, `stages.stage1.0`, …, `head_conv`, `fc`.

    Paper:
        Tan & Le 2019, Table 1.
    Deviation:
        Batch norm keeps PyTorch's ε = 1e-5 and momentum 0.1, as torchvision's B0.

    Args:
        spec: what to build. It stays readable as `model.spec`.
    """

    spec: EfficientNetSpec

    def __init__(self, spec: EfficientNetSpec) -> None:
        super().__init__()
        self.spec = spec
        self.conv1 = convolution(spec.in_channels, spec.stem_width, 3, stride=2)
        self.bn1 = nn.BatchNorm2d(spec.stem_width)
        self.act = activation("silu")
        self.stages = nn.Sequential(_stages(spec))
        self.head_conv = convolution(spec.widths[-1], spec.head_width, 1)
        self.head_bn = nn.BatchNorm2d(spec.head_width)
        self.head_act = activation("silu")
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(spec.head_dropout)
        self.num_features = spec.head_width
        self.fc = nn.Linear(self.num_features, spec.num_classes)
        initialise(self, spec.init, spec.init_gain)

    def forward_features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f i j"]:
        """The head's feature map, before it is averaged."""
        refuse_small_images(images, self.spec.smallest_input, self.spec.name)
        x = self.stages(self.act(self.bn1(self.conv1(images))))
        return self.head_act(self.head_bn(self.head_conv(x)))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        pooled = self.avgpool(self.forward_features(images)).flatten(1)
        return self.fc(self.dropout(pooled))


def _stages(spec: EfficientNetSpec) -> OrderedDict[str, nn.Module]:
    """Every stage's blocks; the first block carries the stride, stochastic depth grows from 0 along all."""
    total, done, channels = sum(spec.depths), 0, spec.stem_width
    stages = OrderedDict[str, nn.Module]()
    columns = zip(spec.widths, spec.depths, spec.kernels, spec.strides, spec.expansions, strict=True)
    for number, (width, depth, kernel, first_stride, expansion) in enumerate(columns, start=1):
        blocks = []
        for place in range(depth):
            stride = first_stride if place == 0 else 1
            drop_path = spec.drop_path * done / total
            blocks.append(MBConvBlock(channels, width, stride, kernel, expansion, spec.squeeze_ratio, drop_path))
            channels, done = width, done + 1
        stages[f"stage{number}"] = nn.Sequential(*blocks)
    return stages
