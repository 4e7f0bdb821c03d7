"""DenseNet: where a residual layer adds to what came before, a dense layer stands beside it."""

from __future__ import annotations

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.nn.classifier import Classifier
from resnetlab.nn.init import initialise
from resnetlab.nn.input_size import refuse_small_images
from resnetlab.nn.layers import activation, convolution
from resnetlab.nn.stems import make_stem_convolution, make_stem_pool
from resnetlab.specs.densenet import DenseNetSpec
from resnetlab.specs.parts import Block

torch.fx.wrap("refuse_small_images")


class DenseLayer(nn.Module):
    """H(x) = [x, F(x)]: the concatenation of x and `growth` new channels.

    Paper:
        Huang et al. 2017, Eq. 2 and §3, "Bottleneck layers".

    Args:
        in_channels: of x.
        growth: new channels.
        bottleneck: channels between the 1×1 and the 3×3, over `growth`.
        dropout: of the new channels.
    """

    def __init__(self, in_channels: int, growth: int, bottleneck: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = convolution(in_channels, bottleneck * growth, 1)
        self.bn2 = nn.BatchNorm2d(bottleneck * growth)
        self.conv2 = convolution(bottleneck * growth, growth, 3)
        self.relu = activation("relu")
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        narrow = self.conv1(self.relu(self.bn1(x)))
        new = self.drop(self.conv2(self.relu(self.bn2(narrow))))
        return torch.cat([x, new], dim=1)


class Transition(nn.Module):
    """Fewer channels by a 1×1, half the image by average-pooling.

    Paper:
        Huang et al. 2017, §3, "Pooling layers" and "Compression".
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(in_channels)
        self.relu = activation("relu")
        self.conv = convolution(in_channels, out_channels, 1)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        return self.pool(self.conv(self.relu(self.bn(x))))


class DenseNet(Classifier):
    """The network that a `DenseNetSpec` describes: `conv1`, `stages.block1.layer1`, `stages.transition1`, …, `fc`.

    Paper:
        Huang et al. 2017, Table 1.

    Args:
        spec: what to build. It stays readable as `model.spec`.
    """

    spec: DenseNetSpec

    def __init__(self, spec: DenseNetSpec) -> None:
        super().__init__()
        self.spec = spec
        self.conv1 = make_stem_convolution(spec.stem, spec.in_channels, Block())
        self.bn1 = nn.BatchNorm2d(spec.stem.width)
        self.relu = activation("relu")
        self.maxpool = make_stem_pool(spec.stem)
        self.stages = nn.Sequential(_stages(spec))
        self.num_features = spec.widths[-1] + spec.depths[-1] * spec.growth
        self.norm = nn.BatchNorm2d(self.num_features)
        self.norm_act = activation("relu")
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(spec.head_dropout)
        self.fc = nn.Linear(self.num_features, spec.num_classes)
        initialise(self, spec.init, spec.init_gain)

    def forward_features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f i j"]:
        """The last block's feature map."""
        refuse_small_images(images, self.spec.smallest_input, self.spec.name)
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return self.norm_act(self.norm(self.stages(x)))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        pooled = self.avgpool(self.forward_features(images)).flatten(1)
        return self.fc(self.dropout(pooled))


def _stages(spec: DenseNetSpec) -> OrderedDict[str, nn.Module]:
    """Every block under its number, and before each but the first the transition to its width."""
    stages, channels = OrderedDict[str, nn.Module](), spec.stem.width
    for number, (width, depth) in enumerate(zip(spec.widths, spec.depths, strict=True), start=1):
        if number > 1:
            stages[f"transition{number - 1}"] = Transition(channels, width)
        layers = OrderedDict[str, nn.Module]()
        channels = width
        for place in range(1, depth + 1):
            layers[f"layer{place}"] = DenseLayer(channels, spec.growth, spec.bottleneck, spec.dropout)
            channels += spec.growth
        stages[f"block{number}"] = nn.Sequential(layers)
    return stages
