"""timm's names: torchvision's for ResNets and DenseNets, its own for the rest; some of its heads are convolutions."""

from __future__ import annotations

from resnetlab.specs.parts import DEEP_STEM, IMAGENET_STEM, AveragePool, Projection
from resnetlab.weights.layouts.layout import Layout, Rows, as_in
from resnetlab.weights.layouts.torchvision import DENSENET, DENSENETS, EFFICIENTNETS, REGNET_FIELDS, RESNETS

PREACTIVATION: Rows = (
    ("conv1", "stem.conv"),
    ("layer{s}.{b}.bn{k}", "stages.{s-1}.blocks.{b}.norm{k}"),
    ("layer{s}.{b}.downsample.0", "stages.{s-1}.blocks.{b}.downsample.conv"),
    ("layer{s}.{b}.{m}", "stages.{s-1}.blocks.{b}.{m}"),
    ("fc", "head.fc"),
)
REGNET: Rows = (
    ("conv1", "stem.conv"),
    ("bn1", "stem.bn"),
    ("layer{s}.{b}.downsample.0", "s{s}.b{b+1}.downsample.conv"),
    ("layer{s}.{b}.downsample.1", "s{s}.b{b+1}.downsample.bn"),
    ("layer{s}.{b}.conv{k}", "s{s}.b{b+1}.conv{k}.conv"),
    ("layer{s}.{b}.bn{k}", "s{s}.b{b+1}.conv{k}.bn"),
    ("layer{s}.{b}.se.{m}", "s{s}.b{b+1}.se.{m}"),
    ("fc", "head.fc"),
)
EFFICIENTNET: Rows = (
    ("conv1", "conv_stem"),
    ("bn1", "bn1"),
    ("head_conv", "conv_head"),
    ("head_bn", "bn2"),
    ("fc", "classifier"),
    ("stages.stage1.{b}.conv2", "blocks.0.{b}.conv_dw"),
    ("stages.stage1.{b}.bn2", "blocks.0.{b}.bn1"),
    ("stages.stage1.{b}.conv3", "blocks.0.{b}.conv_pw"),
    ("stages.stage1.{b}.bn3", "blocks.0.{b}.bn2"),
    ("stages.stage{s}.{b}.conv1", "blocks.{s-1}.{b}.conv_pw"),
    ("stages.stage{s}.{b}.conv2", "blocks.{s-1}.{b}.conv_dw"),
    ("stages.stage{s}.{b}.conv3", "blocks.{s-1}.{b}.conv_pwl"),
    ("stages.stage{s}.{b}.bn{k}", "blocks.{s-1}.{b}.bn{k}"),
    ("stages.stage{s}.{b}.se.fc1", "blocks.{s-1}.{b}.se.conv_reduce"),
    ("stages.stage{s}.{b}.se.fc2", "blocks.{s-1}.{b}.se.conv_expand"),
)
VGG: Rows = (
    ("classifier.0", "pre_logits.fc1"),
    ("classifier.3", "pre_logits.fc2"),
    ("classifier.6", "head.fc"),
)

ANY_SQUEEZE = {name: values for name, values in RESNETS.items() if name != "squeeze"}
STEMS_AND_SHORTCUTS = {"stem": (IMAGENET_STEM, DEEP_STEM), "shortcut": (Projection(), AveragePool())}

LAYOUTS = (
    Layout("timm", "resnet", marks=("layer1.0.conv1.weight", "fc.weight"), limits=ANY_SQUEEZE | STEMS_AND_SHORTCUTS),
    Layout(
        "timm",
        "preactivation resnet",
        PREACTIVATION,
        marks=("stem.conv.weight", "stages.0.blocks.0.norm1.weight", "head.fc.weight"),
        limits=RESNETS,
        kernels={"fc": 1},
    ),
    *(
        Layout(
            "timm",
            "regnet",
            REGNET,
            marks=("s1.b1.conv1.conv.weight", "head.fc.weight"),
            limits=as_in(name, *REGNET_FIELDS),
        )
        for name in ("regnet_x_400mf", "regnet_y_400mf")
    ),
    Layout(
        "timm",
        "densenet",
        DENSENET,
        marks=("features.conv0.weight", "features.norm5.weight", "classifier.weight"),
        limits=DENSENETS,
    ),
    Layout(
        "timm",
        "efficientnet",
        EFFICIENTNET,
        marks=("blocks.0.0.conv_dw.weight", "classifier.weight"),
        limits=EFFICIENTNETS,
    ),
    Layout(
        "timm",
        "vgg",
        VGG,
        marks=("features.0.weight", "pre_logits.fc1.weight", "head.fc.weight"),
        limits={"hidden": (4096,)},
        kernels={"classifier.0": 7, "classifier.3": 1},
    ),
)
