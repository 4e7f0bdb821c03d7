"""MMPretrain's names: torchvision's behind `backbone.`, and a deep stem of its own."""

from __future__ import annotations

from resnetlab.specs.parts import AveragePool
from resnetlab.weights.layouts.layout import Layout, Rows

RESNET: Rows = (
    ("conv1", "backbone.conv1"),
    ("bn1", "backbone.bn1"),
    ("layer{s}.{b}.se.fc{k}", "backbone.layer{s}.{b}.se_layer.conv{k}.conv"),
    ("layer{s}.{b}.downsample.{k}", "backbone.layer{s}.{b}.downsample.{k}"),
    ("layer{s}.{b}.{m}", "backbone.layer{s}.{b}.{m}"),
    ("fc", "head.fc"),
)
DEEP_STEM: Rows = (
    ("conv1.0", "backbone.stem.0.conv"),
    ("conv1.1", "backbone.stem.0.bn"),
    ("conv1.3", "backbone.stem.1.conv"),
    ("conv1.4", "backbone.stem.1.bn"),
    ("conv1.6", "backbone.stem.2.conv"),
    ("bn1", "backbone.stem.2.bn"),
)
RESNET_C: Rows = (*DEEP_STEM, *RESNET)
RESNET_D: Rows = (  # the first stage does not pool, so nothing stands before its 1×1
    ("layer1.{b}.downsample.1", "backbone.layer1.{b}.downsample.0"),
    ("layer1.{b}.downsample.2", "backbone.layer1.{b}.downsample.1"),
    *RESNET_C,
)

HEAD = "head.fc.weight"

STEM = "backbone.stem.0.conv.weight"

LAYOUTS = (
    Layout(
        "mmpretrain",
        "resnet",
        RESNET_D,
        marks=(HEAD, STEM, "backbone.layer2.0.downsample.2.weight"),
        limits={"convolutions": (3,), "shortcut": (AveragePool(),)},
    ),
    Layout("mmpretrain", "resnet", RESNET_C, marks=(HEAD, STEM), limits={"convolutions": (3,)}),
    Layout("mmpretrain", "resnet", RESNET, marks=(HEAD, "backbone.conv1.weight"), limits={"convolutions": (1,)}),
)
