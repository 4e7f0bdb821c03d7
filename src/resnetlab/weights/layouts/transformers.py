"""The names of Hugging Face's transformers. Its ResNets may carry the stride in the first 1×1; widths are free."""

from __future__ import annotations

from resnetlab.specs.parts import Projection, Squeeze
from resnetlab.weights.layouts.layout import Layout, Rows
from resnetlab.weights.layouts.torchvision import USUAL

RESNET: Rows = (
    ("conv1", "resnet.embedder.embedder.convolution"),
    ("bn1", "resnet.embedder.embedder.normalization"),
    ("layer{s}.{b}.downsample.0", "resnet.encoder.stages.{s-1}.layers.{b}.shortcut.convolution"),
    ("layer{s}.{b}.downsample.1", "resnet.encoder.stages.{s-1}.layers.{b}.shortcut.normalization"),
    ("layer{s}.{b}.conv{k}", "resnet.encoder.stages.{s-1}.layers.{b}.layer.{k-1}.convolution"),
    ("layer{s}.{b}.bn{k}", "resnet.encoder.stages.{s-1}.layers.{b}.layer.{k-1}.normalization"),
    ("fc", "classifier.1"),
)
REGNET: Rows = tuple((ours, theirs.replace("resnet.", "regnet.", 1)) for ours, theirs in RESNET)
REGNET_Y: Rows = (  # the squeeze stands third, before the last convolution
    ("layer{s}.{b}.se.fc1", "regnet.encoder.stages.{s-1}.layers.{b}.layer.2.attention.0"),
    ("layer{s}.{b}.se.fc2", "regnet.encoder.stages.{s-1}.layers.{b}.layer.2.attention.2"),
    ("layer{s}.{b}.conv3", "regnet.encoder.stages.{s-1}.layers.{b}.layer.3.convolution"),
    ("layer{s}.{b}.bn3", "regnet.encoder.stages.{s-1}.layers.{b}.layer.3.normalization"),
    *REGNET,
)

IN_COMMON = USUAL | {"convolutions": (1,), "shortcut": (Projection(),)}
RESNETS = IN_COMMON | {
    "kernel": (7,),
    "stride": (2,),
    "max_pool": (True,),
    "first_stride": (1,),
    "widening": (4,),
    "groups": (1,),
    "base_width": (64,),
    "squeeze": (None,),
}
REGNETS = IN_COMMON | {"kernel": (3,), "stride": (2,), "max_pool": (False,), "first_stride": (2,)}

LAYOUTS = (
    Layout("transformers", "resnet", RESNET, ("resnet.embedder.embedder.convolution.weight",), RESNETS),
    Layout(
        "transformers",
        "regnet",
        REGNET_Y,
        marks=("regnet.encoder.stages.0.layers.0.layer.2.attention.0.weight",),
        limits=REGNETS | {"squeeze": (Squeeze(ratio=1 / 4, of="input"),)},
    ),
    Layout(
        "transformers",
        "regnet",
        REGNET,
        marks=("regnet.embedder.embedder.convolution.weight",),
        limits=REGNETS | {"squeeze": (None,)},
    ),
)
