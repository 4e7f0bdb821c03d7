"""One generic network: stem, stages of residual blocks, head. Every row with a block is built by it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.nn.blocks import make_block
from resnetlab.nn.classifier import Classifier
from resnetlab.nn.init import initialise
from resnetlab.nn.input_size import refuse_small_images
from resnetlab.nn.layers import activation, normalisation
from resnetlab.nn.residual import ResidualBlock
from resnetlab.nn.stems import make_stem_convolution, make_stem_pool
from resnetlab.specs.network import NetworkSpec

torch.fx.wrap("refuse_small_images")


class ResidualNetwork(Classifier):
    """The network that a spec describes.

    Attributes carry torchvision's names (`conv1`, `bn1`, `layer1.0.conv1`, `downsample.0`, `fc`), so that state dicts
    and feature extractors fit. A pre-activation network normalises once more before the head, in `norm`.

    Paper:
        He et al. 2015, Table 1 and §4.2; pre-activation: He et al. 2016, appendix.

    Args:
        spec: what to build. It stays readable as `model.spec`.
    """

    spec: NetworkSpec

    def __init__(self, spec: NetworkSpec) -> None:
        super().__init__()
        self.spec = spec
        block, stem = spec.block, spec.stem
        post = block.order == "post"
        self.conv1 = make_stem_convolution(stem, spec.in_channels, block)
        self.bn1 = normalisation(block.norm, stem.width) if post else nn.Identity()
        self.relu = activation(block.activation) if post else nn.Identity()
        self.maxpool = make_stem_pool(stem)
        for number, stage in enumerate(make_stages(spec), start=1):
            self.add_module(f"layer{number}", stage)
        self.num_features = spec.stages.widths[-1] * block.expansion
        self.norm = nn.Identity() if post else normalisation(block.norm, self.num_features)
        self.norm_act = nn.Identity() if post else activation(block.activation)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(spec.head_dropout)
        self.fc = nn.Linear(self.num_features, spec.num_classes)
        initialise(self, spec.init, spec.init_gain)

    @property
    def stages(self) -> list[nn.Sequential]:
        """The stages in order: layer1, layer2, …"""
        # Whatever PyTorch hands out it types as Module: here and below what was put in is what comes out.
        return [self.get_submodule(f"layer{number}") for number in range(1, len(self.spec.stages.depths) + 1)]  # type: ignore[misc]

    @property
    def blocks(self) -> list[ResidualBlock]:
        """All residual blocks in the order the signal meets them."""
        return [block for stage in self.stages for block in stage]  # type: ignore[misc]

    def forward_features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f i j"]:
        """The last stage's feature map."""
        refuse_small_images(images, self.spec.smallest_input, self.spec.name)
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for stage in self.stages:
            x = stage(x)
        return self.norm_act(self.norm(x))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        pooled = self.avgpool(self.forward_features(images)).flatten(1)
        return self.fc(self.dropout(pooled))


def make_stages(spec: NetworkSpec) -> list[nn.Sequential]:
    """Every stage's blocks; the first block of a stage carries its stride, stochastic depth grows along all."""
    total, done = sum(spec.stages.depths), 0
    channels, stages = spec.stem.width, []
    for number, (width, depth) in enumerate(zip(spec.stages.widths, spec.stages.depths, strict=True)):
        blocks: list[nn.Module] = []
        for place in range(depth):
            stride = (spec.stages.first_stride if number == 0 else 2) if place == 0 else 1
            done += 1
            drop_path = spec.block.drop_path * done / total
            blocks.append(make_block(spec.block, channels, width, stride, spec.shortcut, drop_path))
            channels = width * spec.block.expansion
        stages.append(nn.Sequential(*blocks))
    return stages
