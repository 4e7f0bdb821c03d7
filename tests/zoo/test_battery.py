"""Every row of the zoo, one battery: what it must come out as, and what can be done with the network it describes."""

from __future__ import annotations

import copy
import dataclasses
import functools
import io
import pickle
import re
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from resnetlab.analysis import measure_receptive_field
from resnetlab.core.errors import InputSizeError
from resnetlab.nn import build
from resnetlab.specs import ZOO, DenseNetSpec, ModelSpec, NetworkSpec, VGGSpec, find_spec
from resnetlab.specs.field_text import text_of
from resnetlab.specs.parts import Basic, NoShortcut, Squeeze

# By module: all tests of one row follow each other, and its network is made once.
ROWS = pytest.mark.parametrize("name", ZOO, scope="module")


def rows_up_to(depth: int, *deeper: str) -> pytest.MarkDecorator:
    """Every row; those beyond this depth wait for the long sweep, but for these few."""
    rows = [
        pytest.param(name, marks=[pytest.mark.full] if spec.depth > depth and name not in deeper else [])
        for name, spec in ZOO.items()
    ]
    return pytest.mark.parametrize("name", rows, scope="module")


PLAIN_TWINS = [name for name, spec in ZOO.items() if not spec.has_skips and isinstance(spec, NetworkSpec)]

# Parameters, and multiply-adds for one 224×224 image, as torchvision's and timm's networks count.
COUNTED = {
    "resnet18": (11_689_512, 1_814_073_344),
    "resnet34": (21_797_672, 3_663_761_408),
    "resnet50": (25_557_032, 4_089_184_256),
    "resnet101": (44_549_160, 7_801_405_440),
    "resnet152": (60_192_808, 11_513_626_624),
    "resnext50_32x4d": (25_028_904, 4_230_479_872),
    "resnext101_32x8d": (88_791_336, 16_414_015_488),
    "resnext101_64x4d": (83_455_272, 15_460_270_080),
    "wide_resnet50_2": (68_883_240, 11_398_021_120),
    "wide_resnet101_2": (126_886_696, 22_753_050_624),
    "seresnet50": (28_088_024, 4_091_699_200),
    "resnet50d": (25_576_264, 4_328_824_832),
    "resnetv2_50": (25_549_352, 4_089_184_256),
    "vgg16": (138_357_544, 15_470_264_320),
    "vgg19": (143_667_240, 19_632_062_464),
    "vgg16_bn": (138_365_992, 15_470_264_320),
    "vgg19_bn": (143_678_248, 19_632_062_464),
    "densenet121": (7_978_856, 2_834_161_664),
    "regnet_x_400mf": (5_495_976, 413_812_608),
    "regnet_y_400mf": (4_344_144, 401_842_848),
}
CIFAR_PARAMETERS = {
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet44": 658_586,
    "resnet56": 853_018,
    "resnet110": 1_727_962,
    "resnet1202": 19_421_274,
    "resnet18_cifar": 11_173_962,
}
# Millions of parameters as the papers print them.
PRINTED = {
    "resnet20": "0.27",  # He et al. 2015, Table 6
    "resnet32": "0.46",
    "resnet44": "0.66",
    "resnet56": "0.85",
    "resnet110": "1.7",
    "resnet1202": "19.4",
    "preact_resnet110": "1.7",  # Zagoruyko & Komodakis 2016, Table 5
    "preact_resnet164": "1.7",
    "wrn28_10": "36.5",
    "resnext29_8x64d": "34.4",  # Xie et al. 2017, Table 7
}

# Enough to be quick and keep every layer: narrow networks of full depth.
NARROW: dict[str, dict[str, Any]] = {
    "regnet_x_400mf": {"width": 16, "group_width": 8},
    "regnet_y_400mf": {"width": 24, "group_width": 4},
    "efficientnet_b0": {"stem_width": 8, "widths": "4/6/8/8/12/16/20", "head_width": 32},
}


@functools.lru_cache(maxsize=2)
def weightless(name: str) -> nn.Module:
    """The network of a row on the meta device; for reading only."""
    return build(find_spec(name), "meta").eval()


def narrow(spec: ModelSpec) -> ModelSpec:
    if spec.name in NARROW:
        return spec.with_fields(**NARROW[spec.name])
    if isinstance(spec, VGGSpec):
        return spec.with_fields(widths="4/6/8/8/8", hidden=16)
    if isinstance(spec, DenseNetSpec):
        return spec.with_fields(growth=4)
    return spec.with_fields(width=16)


def weights(name: str) -> dict[str, torch.Size]:
    """Name and shape of everything learned."""
    return {key: tensor.shape for key, tensor in weightless(name).named_parameters()}


# ── What must come out ───────────────────────────────────────────────────────────────────────────────────────────────
@ROWS
def test_every_row_says_what_must_come_out(name: str) -> None:
    expect = find_spec(name).expect
    assert None not in (expect.params, expect.macs)
    if name in COUNTED:
        assert (expect.params, expect.macs) == COUNTED[name]
    if name in CIFAR_PARAMETERS:
        assert expect.params == CIFAR_PARAMETERS[name]
    if name == "vgg16":
        assert expect.receptive_field == 212  # Araujo et al. 2019, the table of popular networks


@ROWS
def test_parameters_are_those_expected(name: str) -> None:
    assert sum(shape.numel() for shape in weights(name).values()) == find_spec(name).expect.params


@pytest.mark.parametrize(("shortcut", "params"), [("A", 269_722), ("B", 272_474), ("C", 283_962)])
def test_resnet20s_shortcut_options_differ_by_their_projections(shortcut: str, params: int) -> None:
    network = build(find_spec("resnet20").with_fields(shortcut=shortcut), "meta")
    assert sum(parameter.numel() for parameter in network.parameters()) == params


@pytest.mark.parametrize(("name", "millions"), PRINTED.items())
def test_parameters_are_those_the_papers_print(name: str, millions: str) -> None:
    params = find_spec(name).expect.params
    assert params is not None
    assert f"{params / 1e6:.{len(millions.partition('.')[2])}f}" == millions


@rows_up_to(1000)
def test_multiply_adds_and_the_shape_of_the_logits_are_those_expected(name: str) -> None:
    spec = find_spec(name)
    images = torch.zeros(1, spec.in_channels, spec.input_size, spec.input_size, device="meta")
    with FlopCounterMode(display=False) as counter:
        logits = weightless(name)(images)
    assert counter.get_total_flops() / 2 == spec.expect.macs
    assert logits.shape == (1, spec.num_classes)


@rows_up_to(100)
def test_the_last_feature_map_sees_what_is_expected(name: str) -> None:
    spec = find_spec(name)
    final = measure_receptive_field(weightless(name), (spec.in_channels, spec.input_size, spec.input_size)).final
    assert final.size == (spec.expect.receptive_field,) * 2


@pytest.mark.parametrize("name", [name for name, spec in ZOO.items() if isinstance(spec, NetworkSpec)])
def test_a_stack_of_the_same_kernels_sees_as_much(name: str) -> None:
    """A kernel of k pixels sees k − 1 more positions of what comes before, each `jump` pixels of the image apart."""
    spec = find_spec(name)
    assert isinstance(spec, NetworkSpec)
    kernels = [(spec.stem.kernel, spec.stem.stride)] + [(spec.stem.kernel, 1)] * (spec.stem.convolutions - 1)
    kernels += [(3, 2)] * spec.stem.max_pool
    for stage, depth in enumerate(spec.stages.depths):
        strides = [2 if stage else spec.stages.first_stride] + [1] * (depth - 1)
        in_a_block = [(3, 1)] if isinstance(spec.block, Basic) else []
        pools = isinstance(spec.block, Basic) and spec.block.downsampling == "max-pool"
        for stride in strides:
            halves = [(3, 1), (2, 2)] if pools and stride > 1 else [(3, stride)]
            kernels += [*halves, *in_a_block]
    field = jump = 1
    for kernel, stride in kernels:
        field, jump = field + (kernel - 1) * jump, jump * stride
    assert spec.expect.receptive_field == (None if spec.block.squeeze else field)


@pytest.mark.parametrize("name", [name for name in ZOO if re.search(r"(net|plain|vgg|wrn|v2_)\d", name)])
def test_the_depth_in_the_name_is_the_depth(name: str) -> None:
    number = re.search(r"(?:net|plain|vgg|wrn|v2_)(\d+)", name)
    assert number
    assert find_spec(name).depth == int(number[1])


@pytest.mark.parametrize("name", PLAIN_TWINS)
def test_a_plain_twin_has_the_same_weights_less_the_projections(name: str) -> None:
    residual = name.replace("plain", "resnet")
    assert weights(name) == {key: shape for key, shape in weights(residual).items() if ".downsample." not in key}
    assert find_spec(name) == find_spec(residual).but(
        shortcut=NoShortcut(),
        **{field: getattr(find_spec(name), field) for field in ("name", "source", "expect", "deviations")},
    )


def test_the_twins_are_those_of_the_papers() -> None:
    assert sorted(PLAIN_TWINS) == sorted(f"plain{depth}" for depth in (18, 34, 20, 32, 44, 56, 110, 1202))


# ── A spec is data ───────────────────────────────────────────────────────────────────────────────────────────────────
@ROWS
def test_a_spec_survives_its_name_its_fields_and_pickling(name: str) -> None:
    spec = find_spec(name)
    assert pickle.loads(pickle.dumps(spec)) == copy.deepcopy(spec) == spec
    assert hash(copy.deepcopy(spec)) == hash(spec)
    assert type(spec)(**{field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}) == spec


@ROWS
def test_every_field_reads_its_own_short_text(name: str) -> None:
    spec = find_spec(name)
    for field in spec.changeable_fields():
        if field == "width" and not isinstance(spec, NetworkSpec):
            continue
        value = spec.field_value(field)
        if not (isinstance(value, Squeeze) and value.of == "input"):  # has no short text
            assert spec.with_fields(**{field: text_of(value)}) is spec


def test_specs_are_read_without_torch() -> None:
    code = "import sys, resnetlab.specs; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# ── A network is a module ────────────────────────────────────────────────────────────────────────────────────────────
def logits_in_training(network: nn.Module, images: Tensor) -> Tensor:
    """Always of the same random draws: dropout and stochastic depth are on."""
    torch.manual_seed(1)
    with torch.no_grad():
        return network.train()(images)


@rows_up_to(100, "densenet121", "preact_resnet110", "preact_resnet164")
def test_a_network_learns_from_the_smallest_legal_image_and_is_saved_pickled_and_copied_whole(name: str) -> None:
    spec = narrow(find_spec(name))
    network = build(spec)
    images = torch.randn(4, spec.in_channels, spec.smallest_input, spec.smallest_input)
    expected = logits_in_training(network, images)
    assert expected.shape == (4, spec.num_classes)
    assert expected.isfinite().all()

    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    loaded = build(spec, "meta")
    loaded.load_state_dict(torch.load(file, weights_only=True), strict=True, assign=True)
    for other in (loaded, pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        assert other.spec == spec
        assert torch.equal(logits_in_training(other, images), expected)


@ROWS
def test_an_image_below_the_smallest_is_refused_with_the_smallest(name: str) -> None:
    smallest = find_spec(name).smallest_input
    for height, width in ((smallest - 1, smallest), (smallest, smallest - 1)):
        images = torch.zeros(2, 3, height, width, device="meta")
        with pytest.raises(InputSizeError, match=rf"{name}\nsmallest legal size: {smallest}×{smallest}$"):
            weightless(name)(images)
