"""What is written of a network is read again as it was; anything else is refused by its place, whatever it is."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnetlab.core.errors import CheckpointError
from resnetlab.specs import ZOO, find_spec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.nearest import as_row
from resnetlab.specs.plain import KINDS, from_plain, to_plain
from resnetlab.specs.preprocessing import IMAGENET

CARD = ModelCard(
    spec=find_spec("resnet50").with_fields(num_classes=2),
    classes=("ant", "bee"),
    preprocessing=IMAGENET,
    source="a test",
    licence="CC0-1.0",
    assumptions=("none",),
)
TOLD = json.loads(json.dumps(to_plain(CARD)))


def changed(*path: str | int, to: object) -> dict[str, Any]:
    told = copy.deepcopy(TOLD)
    inner = told
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return told


@pytest.mark.parametrize("name", ZOO)
def test_every_row_of_the_zoo_is_read_again_as_it_was(name: str) -> None:
    card = ModelCard(spec=ZOO[name], preprocessing=IMAGENET)
    assert from_plain(ModelCard, json.loads(json.dumps(to_plain(card)))) == card


@pytest.mark.parametrize("shortcut", ["none", "A", "B", "C", "D", "scaled", "gated", "dropout", "1x1"])
def test_every_shortcut_is_read_again_as_it_was(shortcut: str) -> None:
    card = ModelCard(spec=find_spec("resnet20").with_fields(shortcut=shortcut))
    assert from_plain(ModelCard, to_plain(card)) == card


HOSTILE = {
    "a class in place of a kind": (changed("spec", "kind", to="os.system"), "spec.kind='os.system'"),
    "a module in place of a kind": (changed("spec", "block", "kind", to="__import__"), "spec.block.kind"),
    "a path in place of a kind": (changed("spec", "shortcut", "kind", to="../../evil"), "spec.shortcut.kind"),
    "a kind of another sort": (changed("spec", "block", "kind", to="projection"), "spec.block.kind='projection'"),
    "a billion layers": (changed("spec", "stages", "depths", to=[10**9] * 200_000), "spec.stages.depths"),
    "not a number": (changed("spec", "init_gain", to=float("nan")), "spec.init_gain='nan'"),
    "infinity": (changed("preprocessing", "mean", to=[float("inf")] * 3), "preprocessing.mean[0]"),
    "a number beyond all floats": (changed("spec", "init_gain", to=10**400), "spec.init_gain"),
    "a number beyond JSON's": (changed("spec", "num_classes", to=2**60), "spec.num_classes"),
    "a text for a number": (changed("spec", "num_classes", to="2"), "spec.num_classes='2'"),
    "a truth for a number": (changed("spec", "in_channels", to=True), "spec.in_channels='True'"),
    "a number for a truth": (changed("spec", "stem", "max_pool", to=1), "spec.stem.max_pool='1'"),
    "a fraction for a whole number": (changed("spec", "stem", "kernel", to=7.0), "spec.stem.kernel='7.0'"),
    "a list for an object": (changed("spec", "stages", to=[1, 2]), "spec.stages="),
    "an object for a list": (changed("classes", to={"0": "ant"}), "classes="),
    "nothing where something must be": (changed("spec", "block", to=None), "spec.block="),
    "a field too many": (changed("spec", "stem", "command", to="rm"), "spec.stem.command is not expected"),
    "a value that the spec refuses": (changed("spec", "stem", "kernel", to=4), "spec.stem is impossible: kernel=4"),
    "names that do not match the head": (changed("classes", to=["ant"]), "it is impossible: classes"),
    "a text without end": (changed("source", to="x" * 100_000), "source="),
    "a million classes": (changed("classes", to=["x"] * 1_000_000), "classes="),
    "a depth that makes a huge power": (
        changed("spec", to=to_plain(find_spec("vgg11")) | {"depths": [1] * 90_000, "widths": [1] * 90_000}),
        "spec",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_description_is_refused_by_its_place_before_anything_is_made(name: str) -> None:
    told, place = HOSTILE[name]
    with pytest.raises(CheckpointError) as refusal:
        from_plain(ModelCard, told)
    assert place in str(refusal.value)
    assert len(str(refusal.value)) < 2_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(list(KINDS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, item in inside for place in places(item, (*path, step)))]


@given(place=st.sampled_from(places(TOLD)[1:]), value=json_values)
def test_any_value_in_any_place_is_refused_or_read_and_written_again_alike(
    place: tuple[str | int, ...], value: object
) -> None:
    told = changed(*place, to=value)
    try:
        card = from_plain(ModelCard, told)
    except CheckpointError:
        return
    assert from_plain(ModelCard, to_plain(card)) == card


ROWS = {
    "resnet20": {"shortcut": "B"},
    "resnet50": {"num_classes": 7, "depths": "2/2/2/2"},
    "resnet18_cifar": {"width": 8},
    "densenet121": {"growth": 12},
    "vgg16_bn": {"num_classes": 10},
    "regnet_x_400mf": {"num_classes": 3},
}


@pytest.mark.parametrize("name", ROWS)
def test_a_network_of_any_name_is_found_again_as_the_nearest_row(name: str) -> None:
    spec = find_spec(name).with_fields(**ROWS[name])
    find = as_row(spec.but(name="mine"))
    assert find.but(name="mine", expect=spec.expect) == spec.but(name="mine", expect=spec.expect)
    assert find.name.startswith(f"{name}[")
