"""Every residual network, a row each: its difference from its parent, its source, and what must come out.

Figures in `Expect` are checked by the tests: parameters and multiply-adds are counted on the built network, top-1 from
torchvision is compared with what its weights say of themselves. The paper's own accuracies carry their table.
This file is one long table on purpose.
"""

from __future__ import annotations

from dataclasses import replace

from resnetlab.specs.model import Expect, Top1
from resnetlab.specs.network import NetworkSpec
from resnetlab.specs.papers import (
    HE_2015,
    HE_2016,
    HE_2018,
    HU_2018,
    JORDAN_2024,
    RADOSAVOVIC_2020,
    XIE_2017,
    ZAGORUYKO_2016,
    Deviation,
    Source,
)
from resnetlab.specs.parts import (
    CIFAR_STEM,
    DEEP_STEM,
    IMAGENET_STEM,
    AveragePool,
    Basic,
    Bottleneck,
    NoShortcut,
    Projection,
    RegNetBottleneck,
    Squeeze,
    Stages,
    Stem,
    ZeroPadding,
)

V1 = "torchvision IMAGENET1K_V1"
V15 = (Deviation("stride in the 3×3 instead of the first 1×1, as torchvision: v1.5", ("stride_in", "block")),)

# ── ImageNet: He et al. 2015, Table 1 ────────────────────────────────────────────────────────────────────────────────
RESNET18 = NetworkSpec(
    name="resnet18",
    stem=IMAGENET_STEM,
    block=Basic(),
    stages=Stages(widths=(64, 128, 256, 512), depths=(2, 2, 2, 2)),
    shortcut=Projection(),
    source=Source(HE_2015, "Table 1"),
    expect=Expect(11_689_512, 1_814_073_344, Top1(69.758, V1), receptive_field=435),
)
RESNET34 = RESNET18.but(
    name="resnet34",
    depths=(3, 4, 6, 3),
    expect=Expect(21_797_672, 3_663_761_408, Top1(73.314, V1), receptive_field=899),
)
RESNET50 = RESNET34.but(
    name="resnet50",
    block=Bottleneck(),
    deviations=V15,
    expect=Expect(25_557_032, 4_089_184_256, Top1(76.130, V1), receptive_field=427),
)
RESNET101 = RESNET50.but(
    name="resnet101",
    depths=(3, 4, 23, 3),
    deviations=V15,
    expect=Expect(44_549_160, 7_801_405_440, Top1(77.374, V1), receptive_field=971),
)
RESNET152 = RESNET50.but(
    name="resnet152",
    depths=(3, 8, 36, 3),
    deviations=V15,
    expect=Expect(60_192_808, 11_513_626_624, Top1(78.312, V1), receptive_field=1451),
)

# ── Their descendants on ImageNet ────────────────────────────────────────────────────────────────────────────────────
RESNEXT50 = RESNET50.but(
    name="resnext50_32x4d",
    groups=32,
    base_width=4,
    source=Source(XIE_2017, "Table 1"),
    expect=Expect(25_028_904, 4_230_479_872, Top1(77.618, V1), receptive_field=427),
)
RESNEXT101_32X8D = RESNET101.but(
    name="resnext101_32x8d",
    groups=32,
    base_width=8,
    source=Source(XIE_2017, "§3.1, the template at 32×8d"),
    expect=Expect(88_791_336, 16_414_015_488, Top1(79.312, V1), receptive_field=971),
)
RESNEXT101_64X4D = RESNET101.but(
    name="resnext101_64x4d",
    groups=64,
    base_width=4,
    source=Source(XIE_2017, "Table 4"),
    expect=Expect(83_455_272, 15_460_270_080, Top1(83.246, V1), receptive_field=971),
)
WIDE_RESNET50_2 = RESNET50.but(
    name="wide_resnet50_2",
    base_width=128,
    source=Source(ZAGORUYKO_2016, "Table 8: WRN-50-2-bottleneck"),
    deviations=V15,
    expect=Expect(68_883_240, 11_398_021_120, Top1(78.468, V1), receptive_field=427),
)
WIDE_RESNET101_2 = RESNET101.but(
    name="wide_resnet101_2",
    base_width=128,
    source=Source(ZAGORUYKO_2016, "§2.3, width 2 on ResNet-101"),
    deviations=V15,
    expect=Expect(126_886_696, 22_753_050_624, Top1(78.848, V1), receptive_field=971),
)
SERESNET50 = RESNET50.but(
    name="seresnet50",
    squeeze=Squeeze(ratio=1 / 16),
    source=Source(HU_2018, "Table 1"),
    deviations=V15,
    expect=Expect(28_088_024, 4_091_699_200, Top1(76.71, "Hu et al. 2018, Table 2")),
)
RESNET18D = RESNET18.but(
    name="resnet18d",
    stem=DEEP_STEM,
    shortcut=AveragePool(),
    source=Source(HE_2018, "Figure 2, on ResNet-18"),
    expect=Expect(11_708_744, 2_053_713_920, receptive_field=439),
)
RESNET34D = RESNET34.but(
    name="resnet34d",
    stem=DEEP_STEM,
    shortcut=AveragePool(),
    source=Source(HE_2018, "Figure 2, on ResNet-34"),
    expect=Expect(21_816_904, 3_903_401_984, receptive_field=903),
)
RESNET50D = RESNET50.but(
    name="resnet50d",
    stem=DEEP_STEM,
    shortcut=AveragePool(),
    source=Source(HE_2018, "Figure 2"),
    expect=Expect(25_576_264, 4_328_824_832, Top1(77.16, "He et al. 2018, Table 5"), receptive_field=431),
)
RESNETV2_50 = RESNET50.but(
    name="resnetv2_50",
    order="pre",
    source=Source(HE_2016, "Figure 1b"),
    deviations=(Deviation("the paper's own on ImageNet have 152 and 200 layers", ("depths",)), *V15),
    expect=Expect(25_549_352, 4_089_184_256, receptive_field=427),
)
REGNET_X_400MF = NetworkSpec(
    name="regnet_x_400mf",
    stem=Stem(32, kernel=3, stride=2),
    block=RegNetBottleneck(group_width=16),
    stages=Stages(widths=(32, 64, 160, 400), depths=(1, 2, 7, 12), first_stride=2),
    shortcut=Projection(),
    source=Source(RADOSAVOVIC_2020, "Figure 15"),
    deviations=(
        Deviation("400 channels in the last stage, as torchvision; the authors' own has 384", ("widths", "width")),
    ),
    expect=Expect(5_495_976, 413_812_608, Top1(72.834, V1), receptive_field=975),
)
REGNET_Y_400MF = REGNET_X_400MF.but(
    name="regnet_y_400mf",
    block=RegNetBottleneck(group_width=8, squeeze=Squeeze(ratio=1 / 4, of="input")),
    stages=Stages(widths=(48, 104, 208, 440), depths=(1, 3, 6, 6), first_stride=2),
    source=Source(RADOSAVOVIC_2020, "Figure 16"),
    expect=Expect(4_344_144, 401_842_848, Top1(74.046, V1)),
)

# ── CIFAR: He et al. 2015, §4.2 and Table 6 ──────────────────────────────────────────────────────────────────────────
TABLE_6 = "He et al. 2015, Table 6"
RESNET20 = NetworkSpec(
    name="resnet20",
    stem=CIFAR_STEM,
    block=Basic(),
    stages=Stages(widths=(16, 32, 64), depths=(3, 3, 3)),
    shortcut=ZeroPadding(),
    num_classes=10,
    input_size=32,
    source=Source(HE_2015, "§4.2, Table 6"),
    expect=Expect(269_722, 40_551_040, Top1(91.25, TABLE_6), receptive_field=81),
)
RESNET32 = RESNET20.but(
    name="resnet32", depths=(5, 5, 5), expect=Expect(464_154, 68_862_592, Top1(92.49, TABLE_6), receptive_field=137)
)
RESNET44 = RESNET20.but(
    name="resnet44", depths=(7, 7, 7), expect=Expect(658_586, 97_174_144, Top1(92.83, TABLE_6), receptive_field=193)
)
RESNET56 = RESNET20.but(
    name="resnet56", depths=(9, 9, 9), expect=Expect(853_018, 125_485_696, Top1(93.03, TABLE_6), receptive_field=249)
)
RESNET110 = RESNET20.but(
    name="resnet110",
    depths=(18, 18, 18),
    expect=Expect(1_727_962, 252_887_680, Top1(93.57, TABLE_6), receptive_field=501),
)
RESNET1202 = RESNET20.but(
    name="resnet1202",
    depths=(200, 200, 200),
    expect=Expect(19_421_274, 2_829_238_912, Top1(92.07, TABLE_6), receptive_field=5597),
)

# ── CIFAR: the descendants ───────────────────────────────────────────────────────────────────────────────────────────
FIRST_UNIT = Deviation(
    "the first unit's activation stands in its branch, not before the split as in the paper's appendix", ("order",)
)
PREACT_RESNET110 = RESNET110.but(
    name="preact_resnet110",
    order="pre",
    source=Source(HE_2016, "Table 3"),
    deviations=(FIRST_UNIT,),
    expect=Expect(1_727_962, 252_887_680, Top1(93.63, "He et al. 2016, Table 3"), receptive_field=501),
)
PREACT_RESNET164 = PREACT_RESNET110.but(
    name="preact_resnet164",
    block=Bottleneck(order="pre"),
    depths=(18, 18, 18),
    shortcut=Projection(),
    deviations=(FIRST_UNIT, *V15),
    expect=Expect(1_703_258, 247_646_720, Top1(94.54, "He et al. 2016, Table 3"), receptive_field=249),
)
PREACT_RESNET1001 = PREACT_RESNET164.but(
    name="preact_resnet1001",
    depths=(111, 111, 111),
    deviations=(FIRST_UNIT, *V15),
    expect=Expect(10_327_706, 1_490_995_712, Top1(95.08, "He et al. 2016, Table 3"), receptive_field=1551),
)
WRN28_10 = RESNET20.but(
    name="wrn28_10",
    order="pre",
    widths=(160, 320, 640),
    depths=(4, 4, 4),
    shortcut=Projection(),
    source=Source(ZAGORUYKO_2016, "Table 1"),
    counted_depth=28,  # the paper counts the three projections, and not the linear layer
    expect=Expect(36_479_194, 5_243_328_768, Top1(96.00, "Zagoruyko & Komodakis 2016, Table 6"), receptive_field=109),
)
WRN16_4 = WRN28_10.but(
    name="wrn16_4",
    widths=(64, 128, 256),
    depths=(2, 2, 2),
    counted_depth=16,
    expect=Expect(2_748_890, 392_612_352, Top1(94.98, "Zagoruyko & Komodakis 2016, Table 6"), receptive_field=53),
)
RESNEXT29_8X64D = RESNET20.but(
    name="resnext29_8x64d",
    stem=Stem(64),
    block=Bottleneck(groups=8, base_width=64),
    stages=Stages(widths=(64, 128, 256), depths=(3, 3, 3)),
    shortcut=Projection(),
    source=Source(XIE_2017, "§5.3, Table 7"),
    expect=Expect(34_426_698, 5_387_266_048, Top1(96.35, "Xie et al. 2017, Table 7"), receptive_field=39),
)
RESNET18_CIFAR = RESNET18.but(
    name="resnet18_cifar",
    stem=Stem(64),
    num_classes=10,
    input_size=32,
    deviations=(
        Deviation(
            "3×3 stem of stride 1 without max-pooling, for 32×32 images", ("stem", "kernel", "stride", "max_pool")
        ),
    ),
    expect=Expect(11_173_962, 555_422_720, receptive_field=109),
)
RESNET50_CIFAR = RESNET18_CIFAR.but(
    name="resnet50_cifar",
    block=Bottleneck(),
    depths=(3, 4, 6, 3),
    deviations=(*RESNET18_CIFAR.deviations, *V15),
    expect=Expect(23_520_842, 1_297_829_888, receptive_field=107),
)
PREACT_RESNET18 = RESNET18_CIFAR.but(
    name="preact_resnet18",
    order="pre",
    source=Source(HE_2016, "Figure 1b, on the 18-layer net"),
    deviations=(*RESNET18_CIFAR.deviations, FIRST_UNIT),
    expect=Expect(11_172_170, 555_422_720, receptive_field=109),
)
RESNET8_FAST = RESNET20.but(
    name="resnet8_fast",
    stem=Stem(32),
    block=Basic(activation="silu", downsampling="max-pool"),
    stages=Stages(widths=(64, 192, 320), depths=(1, 1, 1), first_stride=2),
    shortcut=AveragePool(),
    source=Source(JORDAN_2024, "§3.1: three pairs of convolutions, pooled after the first"),
    deviations=(
        Deviation("a skip goes round each pair of convolutions, which the paper's network has none of", ("shortcut",)),
        Deviation("a 3×3 stem that is trained, in place of a 2×2 that whitens and stays", ("stem", "kernel")),
        Deviation("192 and 320 channels in the last two stages in place of 256 in both", ("widths", "width")),
        Deviation("SiLU for GELU, and batch norms with a factor", ("activation",)),
    ),
    expect=Expect(2_055_594, 131_173_504, receptive_field=52),
)


# ── Plain twins: He et al. 2015, Figure 3 middle ─────────────────────────────────────────────────────────────────────
def _plain(twin: NetworkSpec, where: str, expect: Expect | None = None) -> NetworkSpec:
    """The twin without skips; beside option A, which costs nothing, it has the same parameters and multiply-adds."""
    return twin.but(
        name=twin.name.replace("resnet", "plain"),
        shortcut=NoShortcut(),
        source=Source(HE_2015, where),
        expect=expect or replace(twin.expect, top1=None),
    )


TEN_CROPS = "He et al. 2015, Table 2, 10-crop"
PLAIN_TWINS = (
    _plain(RESNET18, "Table 2", Expect(11_515_688, 1_794_805_760, Top1(72.06, TEN_CROPS), receptive_field=435)),
    _plain(
        RESNET34, "Figure 3, Table 2", Expect(21_623_848, 3_644_493_824, Top1(71.46, TEN_CROPS), receptive_field=899)
    ),
    *(_plain(twin, "Figure 6 left") for twin in (RESNET20, RESNET32, RESNET44, RESNET56)),
    *(_plain(twin, "§4.2") for twin in (RESNET110, RESNET1202)),
)

RESIDUAL_NETWORKS: tuple[NetworkSpec, ...] = (
    *(RESNET18, RESNET34, RESNET50, RESNET101, RESNET152),
    *(RESNEXT50, RESNEXT101_32X8D, RESNEXT101_64X4D, WIDE_RESNET50_2, WIDE_RESNET101_2, SERESNET50),
    *(RESNET18D, RESNET34D, RESNET50D, RESNETV2_50, REGNET_X_400MF, REGNET_Y_400MF),
    *(RESNET20, RESNET32, RESNET44, RESNET56, RESNET110, RESNET1202),
    *PLAIN_TWINS,
    *(PREACT_RESNET18, PREACT_RESNET110, PREACT_RESNET164, PREACT_RESNET1001),
    *(WRN28_10, WRN16_4, RESNEXT29_8X64D, RESNET18_CIFAR, RESNET50_CIFAR, RESNET8_FAST),
)
