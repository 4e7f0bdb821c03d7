"""The networks that residual networks are compared with, and those that came of them: a row each.

Figures in `Expect` are checked by the tests as those of `resnetlab.specs.zoo` are.
"""

from __future__ import annotations

from dataclasses import replace

from resnetlab.specs.densenet import DenseNetSpec
from resnetlab.specs.efficientnet import EfficientNetSpec
from resnetlab.specs.model import Expect, ModelSpec, Top1
from resnetlab.specs.papers import HUANG_2017, SIMONYAN_2015, TAN_2019, Deviation, Source
from resnetlab.specs.vgg import VGGSpec

V1 = "torchvision IMAGENET1K_V1"

# ── VGG: Simonyan & Zisserman 2015, Table 1 ──────────────────────────────────────────────────────────────────────────
BATCH_NORM = (Deviation("batch norm after every convolution, which came after the paper", ("norm",)),)

VGG11 = VGGSpec(
    name="vgg11",
    depths=(1, 1, 2, 2, 2),
    source=Source(SIMONYAN_2015, "Table 1, column A"),
    expect=Expect(132_863_336, 7_609_090_048, Top1(69.020, V1), receptive_field=150),
)
VGG13 = VGG11.but(
    name="vgg13",
    depths=(2, 2, 2, 2, 2),
    source=Source(SIMONYAN_2015, "Table 1, column B"),
    expect=Expect(133_047_848, 11_308_466_176, Top1(69.928, V1), receptive_field=156),
)
VGG16 = VGG11.but(
    name="vgg16",
    depths=(2, 2, 3, 3, 3),
    source=Source(SIMONYAN_2015, "Table 1, column D"),
    expect=Expect(138_357_544, 15_470_264_320, Top1(71.592, V1), receptive_field=212),
)
VGG19 = VGG11.but(
    name="vgg19",
    depths=(2, 2, 4, 4, 4),
    source=Source(SIMONYAN_2015, "Table 1, column E"),
    expect=Expect(143_667_240, 19_632_062_464, Top1(72.376, V1), receptive_field=268),
)


def _normalised(spec: VGGSpec, params: int, top1: float) -> VGGSpec:
    expect = replace(spec.expect, params=params, top1=Top1(top1, V1))
    return spec.but(name=f"{spec.name}_bn", norm="batch", deviations=BATCH_NORM, expect=expect)


VGG11_BN = _normalised(VGG11, 132_868_840, 70.370)
VGG13_BN = _normalised(VGG13, 133_053_736, 71.586)
VGG16_BN = _normalised(VGG16, 138_365_992, 73.360)
VGG19_BN = _normalised(VGG19, 143_678_248, 74.218)

# ── DenseNet: Huang et al. 2017, Table 1 ─────────────────────────────────────────────────────────────────────────────
DENSENET121 = DenseNetSpec(
    name="densenet121",
    depths=(6, 12, 24, 16),
    source=Source(HUANG_2017, "Table 1"),
    expect=Expect(7_978_856, 2_834_161_664, Top1(74.434, V1), receptive_field=2071),
)

# ── EfficientNet: Tan & Le 2019, Table 1 ─────────────────────────────────────────────────────────────────────────────
EFFICIENTNET_B0 = EfficientNetSpec(
    name="efficientnet_b0",
    widths=(16, 24, 40, 80, 112, 192, 320),
    depths=(1, 2, 2, 3, 3, 4, 1),
    kernels=(3, 3, 5, 3, 5, 5, 3),
    strides=(1, 2, 2, 2, 1, 2, 1),
    expansions=(1, 6, 6, 6, 6, 6, 6),
    source=Source(TAN_2019, "Table 1"),
    expect=Expect(5_288_548, 385_814_752, Top1(77.692, V1)),
)

DESCENDANTS: tuple[ModelSpec, ...] = (
    *(VGG11, VGG11_BN, VGG13, VGG13_BN, VGG16, VGG16_BN, VGG19, VGG19_BN),
    *(DENSENET121, EFFICIENTNET_B0),
)
