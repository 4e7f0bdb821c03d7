"""Which VGG, DenseNet or EfficientNet has tensors of these shapes."""

from __future__ import annotations

import re
from itertools import pairwise

from resnetlab.specs import ZOO, DenseNetSpec, EfficientNetSpec, VGGSpec
from resnetlab.specs.papers import HUANG_2017, SIMONYAN_2015, TAN_2019, Source
from resnetlab.specs.parts import Stem
from resnetlab.weights.residual_inference import Shapes


def infer_vgg(shapes: Shapes) -> VGGSpec:
    """The VGG; where its stages end shows in the numbers of its layers, which a pooling moves on by one."""
    numbers = sorted(int(key.split(".")[1]) for key, shape in shapes.items() if _is_convolution(key, shape))
    normalised = any(re.match(r"features\.\d+\.running_mean$", key) for key in shapes)
    to_next = 3 if normalised else 2
    ends = [last for last, following in pairwise(numbers) if following - last > to_next] + numbers[-1:]
    starts = [0, *(numbers.index(end) + 1 for end in ends)]
    return VGGSpec(
        name="network",
        source=Source(SIMONYAN_2015),
        depths=tuple(end - start for start, end in pairwise(starts)),
        widths=tuple(shapes[f"features.{end}.weight"][0] for end in ends),
        hidden=shapes["classifier.0.weight"][0],
        norm="batch" if normalised else "none",
        num_classes=shapes["classifier.6.weight"][0],
        in_channels=shapes["features.0.weight"][1],
    )


def infer_densenet(shapes: Shapes) -> DenseNetSpec:
    """The DenseNet; its stem's stride and pooling are those of the paper."""
    places = [
        (int(found[1]), int(found[2]))
        for key in shapes
        if (found := re.match(r"stages\.block(\d+)\.layer(\d+)\.", key))
    ]
    blocks = max(block for block, _ in places)
    growth = shapes["stages.block1.layer1.conv2.weight"][0]
    width, channels, _, kernel = shapes["conv1.weight"]
    left, entered = shapes.get("stages.transition1.conv.weight", (1, 1))[:2]
    return DenseNetSpec(
        name="network",
        source=Source(HUANG_2017),
        depths=tuple(max(layer for block, layer in places if block == number) for number in range(1, blocks + 1)),
        growth=growth,
        bottleneck=shapes["stages.block1.layer1.conv1.weight"][0] // growth,
        compression=left / entered if blocks > 1 else DenseNetSpec.compression,
        stem=Stem(width, kernel, stride=2, max_pool=True),
        num_classes=shapes["fc.weight"][0],
        in_channels=channels,
    )


def infer_efficientnet(shapes: Shapes) -> EfficientNetSpec:
    """The EfficientNet; no shape shows where it halves the image, so it must have B0's seven stages."""
    strides = ZOO["efficientnet_b0"].field_value("strides")
    stages = [f"stages.stage{number}" for number in range(1, len(strides) + 1)]
    places = [re.match(r"stages\.stage(\d+)\.(\d+)\.", key) for key in shapes]
    depths = [1 + max(int(found[2]) for found in places if found and found[1] == stage[12:]) for stage in stages]
    entering = [shapes["conv1.weight"][0], *(shapes[f"{stage}.0.conv3.weight"][0] for stage in stages)]
    inner = [shapes[f"{stage}.0.conv2.weight"][0] for stage in stages]
    return EfficientNetSpec(
        name="network",
        source=Source(TAN_2019),
        widths=tuple(entering[1:]),
        depths=tuple(depths),
        kernels=tuple(shapes[f"{stage}.0.conv2.weight"][-1] for stage in stages),
        strides=strides,
        expansions=tuple(wide // narrow for wide, narrow in zip(inner, entering[:-1], strict=True)),
        stem_width=entering[0],
        head_width=shapes["head_conv.weight"][0],
        squeeze_ratio=shapes["stages.stage1.0.se.fc1.weight"][0] / entering[0],
        num_classes=shapes["fc.weight"][0],
        in_channels=shapes["conv1.weight"][1],
    )


def _is_convolution(key: str, shape: tuple[int, ...]) -> bool:
    return key.startswith("features.") and len(shape) == 4
