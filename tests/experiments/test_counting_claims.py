"""The claims that count: against torchvision, closed forms and arithmetic by hand."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from judging import verdicts
from readable import assert_readable
from scipy.signal import convolve2d
from torch import nn

from resnetlab.experiments.base import Results, Run
from resnetlab.experiments.benches import at_tier
from resnetlab.experiments.claims import bottleneck_cost, receptive_field, shortcut_options, size_tables, vgg_or_resnet
from resnetlab.experiments.printed import agrees, like
from resnetlab.experiments.tiers import Tier

pytestmark = pytest.mark.xdist_group("counting claims")  # what one worker counted serves all its tests

CLAIMS = {module.CLAIM.slug: module.CLAIM for module in (bottleneck_cost, receptive_field, shortcut_options)}
CLAIMS |= {module.CLAIM.slug: module.CLAIM for module in (size_tables, vgg_or_resnet)}


@lru_cache
def measured(slug: str) -> Results:
    measures: dict[str, dict[int, Any]] = {}
    for arm in at_tier(CLAIMS[slug], Tier.QUICK).arms:
        measure = arm.measure or CLAIMS[slug].measure
        assert measure is not None
        measures[arm.name] = {0: measure(Run(arm, seed=0))}
    return Results(measures)


def theirs(name: str) -> nn.Module:
    with torch.device("meta"):
        model: nn.Module = torchvision.models.get_model(name)
        return model


def parameters(model: nn.Module) -> int:
    return sum(tensor.numel() for tensor in model.parameters())


@pytest.mark.parametrize(
    ("counted", "printed", "agree", "written"),
    [
        (3_857_973_248, "3.8 G", True, "3.858 G"),  # cut off
        (3_857_973_248, "3.9 G", True, "3.858 G"),  # rounded
        (3_857_973_248, "3.86 G", True, "3.8580 G"),
        (3_857_973_248, "3.7 G", False, "3.858 G"),
        (4_089_184_256, "3.8 G", False, "4.089 G"),
        (69_632, "70 K", True, "69.63 K"),
        (11_173_962, "11,173,962", True, "11,173,962"),
        (11_173_963, "11,173,962", False, "11,173,963"),
        (5.6214, "5.7 ×", False, "5.621 ×"),
    ],
)
def test_a_count_agrees_with_a_printed_figure(counted: float, printed: str, agree: bool, written: str) -> None:
    assert (agrees(counted, printed), like(printed, counted)) == (agree, written)


EXPECTED = {
    "bottleneck_cost": ["does not hold", "does not hold", "holds"],
    "receptive_field": ["holds"] * 5,
    "shortcut_options": [*["holds"] * 4, "not run", "not run"],
    "size_tables": ["mixed", "holds", *["does not hold"] * 3, "holds", "does not hold", "holds"],
    "vgg_or_resnet": ["holds"] * 3,
}


@pytest.mark.parametrize("slug", CLAIMS)
def test_what_is_counted_gives_these_verdicts(slug: str) -> None:
    assert verdicts(CLAIMS[slug], measured(slug)) == EXPECTED[slug]


@pytest.mark.parametrize("slug", CLAIMS)
def test_the_figure_is_readable(slug: str) -> None:
    assert_readable(CLAIMS[slug].figure(measured(slug)))


FINDINGS = {
    "bottleneck_cost": ["1,179,648", "69,632", "73,728"],
    "receptive_field": ["28%", "45%"],
    "shortcut_options": ["2,752", "14,240"],
    "size_tables": ["102.76 + 16.78 + 4.10 = 123.64 M", "4.09 G", "15.35 G", "19.51 G"],
    "vgg_or_resnet": ["5.41", "3.78", "76.13", "71.59", "73.36"],
}


@pytest.mark.parametrize("slug", CLAIMS)
def test_the_finding_says_the_numbers(slug: str) -> None:
    finding = CLAIMS[slug].finding
    assert finding is not None
    said = finding(measured(slug))
    assert [number for number in FINDINGS[slug] if number not in said] == []


# Each claim's counts, counted otherwise


def test_the_weights_of_the_blocks_by_hand() -> None:
    weights = [measured("bottleneck_cost").one(arm.name)["weights"] for arm in bottleneck_cost.ARMS]
    assert weights == [2 * 9 * 256 * 256, 256 * 64 + 9 * 64 * 64 + 64 * 256, 2 * 9 * 64 * 64]


def test_flops_are_two_for_each_weight_and_position() -> None:
    for arm in bottleneck_cost.ARMS:
        at = measured("bottleneck_cost").one(arm.name)
        assert (at["flops_per_position"], at["macs"]) == (2 * at["weights"], 56 * 56 * at["weights"])


def test_the_parameters_that_projections_add_by_hand() -> None:
    def projection(before: int, after: int) -> int:
        return before * after + 2 * after  # the 1×1 convolution, γ and β

    where_the_shape_changes = projection(16, 32) + projection(32, 64)
    elsewhere = 3 * projection(16, 16) + 2 * projection(32, 32) + 2 * projection(64, 64)
    a, b, c = (measured("shortcut_options").one(arm.name)["params"] for arm in shortcut_options.COUNTED)
    assert (b - a, c - b) == (where_the_shape_changes, elsewhere)


@pytest.mark.parametrize("name", receptive_field.KERNELS)
def test_a_field_is_one_more_than_the_sum_of_what_each_kernel_adds(name: str) -> None:
    kernels = receptive_field.KERNELS[name]
    at = measured("receptive_field").one(name)
    side = 1 + sum(kernel - 1 for kernel in kernels)
    assert at["pixels_by_arithmetic"] == at["pixels_by_gradient"] == side**2
    assert at["weights"] == sum(kernel**2 for kernel in kernels)


@pytest.mark.parametrize("name", receptive_field.KERNELS)
def test_paths_are_the_kernels_of_ones_folded_with_each_other(name: str) -> None:
    folded = np.ones((1, 1))
    for kernel in receptive_field.KERNELS[name]:
        folded = convolve2d(folded, np.ones((kernel, kernel)))
    margin = (receptive_field.SIDE - len(folded)) // 2
    assert np.array_equal(measured("receptive_field").one(name)["paths"], np.pad(folded, margin))


@pytest.mark.parametrize("arm", vgg_or_resnet.ARMS, ids=lambda arm: arm.name)
def test_parameters_are_those_of_torchvision(arm: Any) -> None:
    assert measured("vgg_or_resnet").one(arm.name)["params"] == parameters(theirs(arm.name))


def test_the_ratio_of_vgg19_to_resnet50_is_that_of_torchvisions() -> None:
    (ratio,) = measured("size_tables").one("ResNet-50 has 5.7 times fewer parameters than VGG-19")["counted"]
    assert ratio == parameters(theirs("vgg19")) / parameters(theirs("resnet50"))


@pytest.mark.parametrize("name", ["vgg16", "resnet50"])
def test_depth_is_the_layers_of_torchvisions_network(name: str) -> None:
    layers = [at for at, layer in theirs(name).named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert size_tables.depth(name) == len([at for at in layers if "downsample" not in at])


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_multiply_adds_of_vgg_by_hand(name: str) -> None:
    macs, side = 0, 224
    for layer in theirs(name).features:
        if isinstance(layer, nn.Conv2d):
            macs += 9 * layer.in_channels * layer.out_channels * side**2
        side //= 2 if isinstance(layer, nn.MaxPool2d) else 1
    assert measured("size_tables").one(size_tables.INSTEAD)[f"{name}_convolutions"] == macs
    assert size_tables.macs(name) == macs + 25088 * 4096 + 4096 * 4096 + 4096 * 1000


# A slip is found


@pytest.mark.parametrize(
    ("slug", "arm", "key"),
    [
        ("bottleneck_cost", bottleneck_cost.BASIC, "weights"),
        ("receptive_field", "two 3×3", "weights"),
        ("receptive_field", "one 7×7", "pixels_by_gradient"),
        ("shortcut_options", "option B", "params"),
        ("vgg_or_resnet", "resnet50", "macs"),
    ],
)
def test_another_count_changes_the_verdict_of_a_part(slug: str, arm: str, key: str) -> None:
    slipped = copy.deepcopy(dict(measured(slug).measures))
    slipped[arm][0][key] *= 2
    assert verdicts(CLAIMS[slug], Results(slipped))[1:] != EXPECTED[slug][1:]


def test_one_wrong_row_is_enough_for_a_table_not_to_hold() -> None:
    slipped = copy.deepcopy(dict(measured("size_tables").measures))
    slipped["the CIFAR networks have the parameters of He et al. 2015, Table 6"][0]["counted"][2] += 20_000
    assert verdicts(size_tables.CLAIM, Results(slipped))[-1] == "does not hold"
