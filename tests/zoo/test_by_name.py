"""Networks by their names: what is found, what can be changed in a word, and what is said where that cannot be."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import torch

import resnetlab
from resnetlab import create_model, list_models
from resnetlab.core.errors import ResnetlabError, SpecError, UnknownNameError
from resnetlab.specs import ZOO, DenseNetSpec, NetworkSpec, find_spec
from resnetlab.specs.papers import HUANG_2017, Source
from resnetlab.specs.parts import Bottleneck, Projection, Scaled, Squeeze, ZeroPadding

CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "resnet20[shortcut=B]": ({"shortcut": "B"}, {"shortcut": Projection()}),
    "resnet20[shortcut=C]": ({"shortcut": Projection(everywhere=True)}, {"shortcut": Projection(everywhere=True)}),
    "resnet20[depths=1/2/1]": ({"depths": [1, 2, 1]}, {"depths": (1, 2, 1)}),
    "resnet20[widths=16/32,depths=2/2]": (
        {"widths": "16/32", "depths": "2 2"},
        {"widths": (16, 32), "depths": (2, 2)},
    ),
    "resnet20[width=8,shortcut=B]": ({"width": "8", "shortcut": "B"}, {"widths": (8, 16, 32)}),
    "resnet50[stride_in=1x1]": ({"stride_in": "1x1"}, {"stride_in": "1x1"}),
    "resnet50[zero_init_last=true]": ({"zero_init_last": "True"}, {"zero_init_last": True}),
    "resnet50[squeeze=0.25]": ({"squeeze": 0.25}, {"squeeze": Squeeze(0.25)}),
    "seresnet50[squeeze=none]": ({"squeeze": "none"}, {"squeeze": None}),
    "resnet18[num_classes=7,drop_path=0.1]": ({"num_classes": 7, "drop_path": "0.1"}, {"drop_path": 0.1}),
    "vgg16[hidden=64]": ({"hidden": 64}, {"hidden": 64}),
    "resnet18": ({"shortcut": "B", "num_classes": 1000, "width": 64}, {}),
}

IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "resnet20": ({"depths": (-1, 3, 3)}, "depths=(-1, 3, 3) is impossible in Stages"),
    "resnet32": ({"depths": "5/5"}, "depths=(5, 5) is impossible in Stages\nallowed: 3 numbers"),
    "resnet44": ({"width": 0}, "width=0 is impossible in resnet44\nallowed: 1 or more channels"),
    "resnet56": ({"widths": (16, 8, 16)}, "impossible in NetworkSpec\nallowed: none, B, C, D, 1x1"),
    "resnet18": ({"shortcut": "b"}, "shortcut='b' is impossible in resnet18\nallowed: none, A, B, C, D,"),
    "resnet34": ({"num_classes": 0}, "num_classes=0"),
    "resnet50": ({"groups": 0}, "groups=0 is impossible in Bottleneck\nallowed: 1 or more"),
    "resnet101": ({"groups": 2.5}, "groups=2.5 is impossible in resnet101\nallowed: a whole number"),
    "resnet152": ({"zero_init_last": 1}, "zero_init_last=1 is impossible in resnet152\nallowed: true, false"),
    "plain20": ({"skip_init": True}, "skip_init=True is impossible in Basic\nallowed: false where there is no"),
    "wrn16_4": ({"dropout": "1.0"}, "dropout=1.0 is impossible in Basic\nallowed: 0 up to, not including, 1"),
    "wrn28_10": ({"drop_path": "much"}, "drop_path='much' is impossible in wrn28_10\nallowed: a number"),
    "preact_resnet18": ({"zero_init_last": True}, "allowed: only with norm=batch, order=post"),
    "seresnet50": ({"squeeze": "nan"}, "squeeze='nan' is impossible in seresnet50\nallowed: none, a ratio"),
    "regnet_x_400mf": ({"group_width": 7}, "group_width=7 is impossible in RegNetBottleneck\nallowed: a divisor"),
    "vgg16": ({"input_size": 31}, "input_size=31 is impossible in VGGSpec\nallowed: 32 or more pixels"),
    "densenet121": ({"growth": 0}, "growth=0"),
    "efficientnet_b0": ({"kernels": "3/3/5/3/5/5/4"}, "allowed: odd sizes: 1, 3, 5, 7"),
    "vgg11": ({"depths": "1/x"}, "depths='1/x' is impossible in vgg11\nallowed: whole numbers joined by /"),
    "resnet18d": ({"init_gain": float("inf")}, "init_gain=inf"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_fields_are_changed_by_value_or_in_short_and_the_name_says_which(name: str) -> None:
    given, wanted = CHANGES[name]
    row = find_spec(name.partition("[")[0])
    spec = row.with_fields(**given)
    assert spec.name == name
    assert {field: spec.field_value(field) for field in wanted} == wanted
    written = dict(change.split("=") for change in re.findall(r"[a-z_]+=[^,\]]+", name))
    assert row.with_fields(**written) == spec


def test_a_changed_row_no_longer_says_what_must_come_out_of_the_other() -> None:
    assert find_spec("resnet50").with_fields(stride_in="1x1").expect.params is None


@pytest.mark.parametrize(
    ("name", "fields", "depth"), [("wrn28_10", {"num_classes": 100}, 28), ("wrn28_10", {"depths": "2/2/2"}, 14)]
)
def test_a_papers_own_count_of_layers_stays_while_it_is_true(name: str, fields: dict[str, Any], depth: int) -> None:
    assert find_spec(name).with_fields(**fields).depth == depth


@pytest.mark.parametrize(("name", "fields", "message"), [(name, *case) for name, case in IMPOSSIBLE.items()])
def test_an_impossible_network_is_refused_with_field_value_and_what_is_allowed(
    name: str, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=re.escape(message)) as refusal:
        create_model(name, device="meta", **fields)
    assert len(str(refusal.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: create_model("resnet51"), "unknown model 'resnet51'; did you mean resnet"),
        (lambda: create_model("ResNet50"), "unknown model 'ResNet50'; did you mean resnet50"),
        (
            lambda: create_model("resnet20", shortcuts="B"),
            "unknown field of resnet20 'shortcuts'; did you mean shortcut",
        ),
        (lambda: create_model("resnet20", depth=8), "unknown field of resnet20 'depth'; did you mean depths"),
        (lambda: create_model("resnet18", stride_in="1x1"), "unknown field of resnet18 'stride_in'"),
        (lambda: create_model("vgg16", width=8), "unknown field of vgg16 'width'; did you mean widths"),
        (lambda: find_spec("resnet20").but(colour="red"), "unknown field of resnet20 'colour'"),
        (lambda: find_spec("resnet20").with_fields(expect=None), "unknown field of resnet20 'expect'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unknown_name_is_met_with_the_nearest(ask: Any, message: str) -> None:
    with pytest.raises(UnknownNameError, match=re.escape(message)) as refusal:
        ask()
    assert len(str(refusal.value).splitlines()) <= 3


def test_the_width_of_a_network_without_one_is_refused() -> None:
    with pytest.raises(ResnetlabError, match="width cannot be set on densenet121"):
        create_model("densenet121", width=8)


@pytest.mark.parametrize("name", ["resnet20", "resnet18d", "vgg11", "densenet121", "efficientnet_b0"])
def test_classes_and_channels_are_those_asked_for(name: str) -> None:
    model = create_model(name, 5, 1, device="meta")
    side = find_spec(name).input_size
    assert model(torch.empty(2, 1, side, side, device="meta")).shape == (2, 5)


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_the_five_resnets_have_functions_of_their_own(depth: int) -> None:
    model = getattr(resnetlab, f"resnet{depth}")(num_classes=3, device="meta")
    assert model.spec == find_spec(f"resnet{depth}").with_fields(num_classes=3)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("vgg1[36]", ["vgg13", "vgg16"]),
        ("wrn", ["wrn28_10", "wrn16_4"]),
        ("regnet*", ["regnet_x_400mf", "regnet_y_400mf"]),
        ("nothing", []),
        ("*", list(ZOO)),
    ],
)
def test_the_zoo_is_listed_by_pattern_or_by_part_of_the_name(pattern: str, names: list[str]) -> None:
    assert list_models(pattern) == names


# ── What only a Python caller can get wrong or right ─────────────────────────────────────────────────────────────────
def test_whole_parts_are_changed_by_value() -> None:
    spec = find_spec("resnet18").with_fields(block=Bottleneck(groups=2))
    assert isinstance(spec, NetworkSpec)
    assert spec.block == Bottleneck(groups=2)
    with pytest.raises(SpecError, match=r"block=3 is impossible in resnet18\nallowed: a Block of"):
        find_spec("resnet18").with_fields(block=3)


def test_a_shortcut_without_a_short_name_is_written_out() -> None:
    spec = find_spec("resnet20").with_fields(shortcut=Scaled(scale=0.3))
    assert spec.name == "resnet20[shortcut=Scaled(scale=0.3, branch_scale=1.0)]"


def test_a_child_row_keeps_what_it_does_not_change() -> None:
    parent = find_spec("resnet50")
    child = parent.but(name="child", shortcut=ZeroPadding(), groups=32)
    assert isinstance(parent, NetworkSpec)
    assert isinstance(child, NetworkSpec)
    assert (child.block, child.stages) == (Bottleneck(groups=32), parent.stages)
    assert child.deviations == ()


def test_a_dense_network_that_would_lose_all_its_channels_is_refused() -> None:
    with pytest.raises(SpecError, match=r"compression=0\.001 is impossible in DenseNetSpec"):
        DenseNetSpec(name="thin", source=Source(HUANG_2017, "no table"), depths=(1, 1), compression=0.001)


V15, THE_STEM = "stride in the 3×3", "3×3 stem"
DEVIATIONS = {
    "resnet50": ({"num_classes": 10}, [V15]),
    "resnet101": ({"stride_in": "1x1"}, []),
    "resnet152": ({"width": 8, "shortcut": "A"}, [V15]),
    "resnet50_cifar": ({"stride_in": "1x1"}, [THE_STEM]),
    "resnet18_cifar": ({"max_pool": True}, []),
    "regnet_x_400mf": ({"width": 64}, []),
    "vgg16_bn": ({"norm": "none"}, []),
    "resnet20": ({"shortcut": "B"}, []),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_changed_network_departs_from_its_source_where_its_row_does(name: str) -> None:
    fields, starts = DEVIATIONS[name]
    departures = [str(deviation) for deviation in find_spec(name).with_fields(**fields).deviations]
    assert [departure[: len(start)] for departure, start in zip(departures, starts, strict=True)] == starts


def test_a_deviation_names_fields_that_its_network_has() -> None:
    for spec in ZOO.values():
        for deviation in spec.deviations:
            assert None not in [spec.field_value(name) for name in deviation.fields]


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_the_five_of_table_1_take_what_create_model_takes_after_the_name(name: str) -> None:
    by_name = getattr(resnetlab, name)
    signature = inspect.signature(create_model)
    assert by_name.__name__ == name
    assert list(inspect.signature(by_name).parameters.values()) == list(signature.parameters.values())[1:]
    model = by_name(7, 1, device="meta", width=8)
    assert model.spec == find_spec(name).with_fields(num_classes=7, in_channels=1, width=8)
