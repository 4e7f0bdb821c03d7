"""Torchvision's names, which are ours for ResNets and VGGs. Its ResNets carry the stride in the 3×3 (v1.5)."""

from __future__ import annotations

from resnetlab.specs.efficientnet import COLUMNS
from resnetlab.specs.parts import IMAGENET_STEM, Projection
from resnetlab.weights.layouts.layout import Layout, Rows, as_in

USUAL = {"norm": ("batch",), "activation": ("relu",), "skip_init": (False,)}
"""What every other library takes for granted of a residual network."""

RESNETS = {
    **USUAL,
    "max_pool": (True,),
    "stem": (IMAGENET_STEM,),
    "widths": ((64, 128, 256, 512),),
    "first_stride": (1,),
    "widening": (4,),
    "stride_in": ("3x3",),
    "shortcut": (Projection(),),
    "squeeze": (None,),
}
REGNET_FIELDS = ("stem", "widths", "depths", "first_stride", "group_width", "squeeze", "shortcut")
DENSENETS = {"kernel": (7,), "stride": (2,), "max_pool": (True,), "convolutions": (1,), "compression": (0.5,)}
EFFICIENTNETS = as_in("efficientnet_b0", *COLUMNS, "stem_width", "head_width", "squeeze_ratio")

REGNET: Rows = (
    ("conv1", "stem.0"),
    ("bn1", "stem.1"),
    ("layer{s}.{b}.downsample.{k}", "trunk_output.block{s}.block{s}-{b}.proj.{k}"),
    ("layer{s}.{b}.conv1", "trunk_output.block{s}.block{s}-{b}.f.a.0"),
    ("layer{s}.{b}.bn1", "trunk_output.block{s}.block{s}-{b}.f.a.1"),
    ("layer{s}.{b}.conv2", "trunk_output.block{s}.block{s}-{b}.f.b.0"),
    ("layer{s}.{b}.bn2", "trunk_output.block{s}.block{s}-{b}.f.b.1"),
    ("layer{s}.{b}.se.{m}", "trunk_output.block{s}.block{s}-{b}.f.se.{m}"),
    ("layer{s}.{b}.conv3", "trunk_output.block{s}.block{s}-{b}.f.c.0"),
    ("layer{s}.{b}.bn3", "trunk_output.block{s}.block{s}-{b}.f.c.1"),
)
DENSENET: Rows = (
    ("conv1", "features.conv0"),
    ("bn1", "features.norm0"),
    ("stages.block{s}.layer{b}.bn{k}", "features.denseblock{s}.denselayer{b}.norm{k}"),
    ("stages.block{s}.layer{b}.conv{k}", "features.denseblock{s}.denselayer{b}.conv{k}"),
    ("stages.transition{s}.bn", "features.transition{s}.norm"),
    ("stages.transition{s}.conv", "features.transition{s}.conv"),
    ("norm", "features.norm5"),
    ("fc", "classifier"),
    # Torchvision's published files write norm.1 where its module says norm1.
    ("stages.block{s}.layer{b}.bn{k}", "features.denseblock{s}.denselayer{b}.norm.{k}"),
    ("stages.block{s}.layer{b}.conv{k}", "features.denseblock{s}.denselayer{b}.conv.{k}"),
)
EFFICIENTNET: Rows = (
    ("conv1", "features.0.0"),
    ("bn1", "features.0.1"),
    ("head_conv", "features.8.0"),
    ("head_bn", "features.8.1"),
    ("fc", "classifier.1"),
    # The first stage does not expand: its blocks have one part less, and start with the depthwise convolution.
    ("stages.stage1.{b}.conv2", "features.1.{b}.block.0.0"),
    ("stages.stage1.{b}.bn2", "features.1.{b}.block.0.1"),
    ("stages.stage1.{b}.se.{m}", "features.1.{b}.block.1.{m}"),
    ("stages.stage1.{b}.conv3", "features.1.{b}.block.2.0"),
    ("stages.stage1.{b}.bn3", "features.1.{b}.block.2.1"),
    ("stages.stage{s}.{b}.conv1", "features.{s}.{b}.block.0.0"),
    ("stages.stage{s}.{b}.bn1", "features.{s}.{b}.block.0.1"),
    ("stages.stage{s}.{b}.conv2", "features.{s}.{b}.block.1.0"),
    ("stages.stage{s}.{b}.bn2", "features.{s}.{b}.block.1.1"),
    ("stages.stage{s}.{b}.se.{m}", "features.{s}.{b}.block.2.{m}"),
    ("stages.stage{s}.{b}.conv3", "features.{s}.{b}.block.3.0"),
    ("stages.stage{s}.{b}.bn3", "features.{s}.{b}.block.3.1"),
)

LAYOUTS = (
    Layout("torchvision", "resnet", marks=("layer1.0.conv1.weight", "fc.weight"), limits=RESNETS),
    Layout("torchvision", "vgg", marks=("features.0.weight", "classifier.6.weight"), limits={"hidden": (4096,)}),
    *(
        Layout(
            "torchvision",
            "regnet",
            REGNET,
            marks=("trunk_output.block1.block1-0.f.a.0.weight",),
            limits=as_in(name, *REGNET_FIELDS),
        )
        for name in ("regnet_x_400mf", "regnet_y_400mf")
    ),
    Layout(
        "torchvision",
        "densenet",
        DENSENET,
        marks=("features.conv0.weight", "features.norm5.weight", "classifier.weight"),
        limits=DENSENETS,
    ),
    Layout(
        "torchvision",
        "efficientnet",
        EFFICIENTNET,
        marks=("features.1.0.block.0.0.weight", "classifier.1.weight"),
        limits=EFFICIENTNETS,
        strangers={
            ("features.8.0.weight", 2048): "efficientnet_b5",
            ("features.8.0.weight", 2304): "efficientnet_b6",
            ("features.8.0.weight", 2560): "efficientnet_b7",
        },
        strange="batch norms have ε = 1e-3; elsewhere it is 1e-5",
    ),
)
