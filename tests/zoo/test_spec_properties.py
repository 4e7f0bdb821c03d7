"""Whatever is asked of a spec, it refuses in words or builds a network that works."""

from __future__ import annotations

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnetlab.core.errors import SpecError
from resnetlab.nn import build
from resnetlab.specs import DenseNetSpec, EfficientNetSpec, ModelSpec, NetworkSpec, VGGSpec, find_spec
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.specs.parts import (
    SHORTCUTS,
    Basic,
    Block,
    Bottleneck,
    RegNetBottleneck,
    Shortcut,
    Squeeze,
    Stages,
    Stem,
)

SOURCE = Source(HE_2015, "made up")
quickly = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

small = st.integers(1, 12)
rarely = st.sampled_from([False, False, False, True])  # most examples should be legal
stems = st.fixed_dictionaries(
    {
        "width": st.sampled_from([2, 3, 4, 5, 6, 8, 1]),
        "kernel": st.sampled_from([1, 3, 5, 7]),
        "stride": st.sampled_from([1, 2]),
        "max_pool": st.booleans(),
        "convolutions": st.sampled_from([1, 3]),
    }
)
block_fields = {
    "order": st.sampled_from(["post", "pre"]),
    "norm": st.sampled_from(["batch", "none"]),
    "activation": st.sampled_from(["relu", "sigmoid", "tanh", "silu"]),
    "squeeze": st.none() | st.builds(Squeeze, ratio=st.floats(0.01, 1), of=st.sampled_from(["itself", "input"])),
    "zero_init_last": rarely,
    "skip_init": rarely,
    "drop_path": st.sampled_from([0.0, 0.5]),
}
bottleneck_fields = {
    "widening": st.integers(1, 4),
    "stride_in": st.sampled_from(["3x3", "1x1"]),
    "groups": st.integers(1, 4),
    "base_width": st.sampled_from([64, 128, 8]),
}
blocks = st.one_of(
    st.tuples(st.just(Basic), st.fixed_dictionaries(block_fields)),
    st.tuples(st.just(Bottleneck), st.fixed_dictionaries(block_fields | bottleneck_fields)),
    st.tuples(st.just(RegNetBottleneck), st.fixed_dictionaries(block_fields | {"group_width": st.integers(1, 4)})),
)
stages = st.integers(1, 3).flatmap(
    lambda number: st.fixed_dictionaries(
        {
            "widths": st.tuples(*[small] * number).map(lambda widths: tuple(sorted(widths)))
            | st.tuples(*[small] * number),
            "depths": st.tuples(*[st.integers(1, 2)] * number),
            "first_stride": st.sampled_from([1, 2]),
        }
    )
)


@quickly
@given(stems, blocks, stages, st.sampled_from(list(SHORTCUTS.values())), st.integers(1, 9))
def test_a_network_is_refused_in_words_or_works(
    stem: dict, block: tuple[type[Block], dict], stages: dict, shortcut: Shortcut, side: int
) -> None:
    try:
        spec = NetworkSpec(
            name="any",
            source=SOURCE,
            stem=Stem(**stem),
            block=block[0](**block[1]),
            stages=Stages(**stages),
            shortcut=shortcut,
            num_classes=3,
            in_channels=2,
        )
    except SpecError as refusal:
        assert_says_what_is_allowed(refusal)
    else:
        assert_works(spec, side)


vggs = st.builds(
    lambda stages, **fields: fields | dict(zip(("widths", "depths"), zip(*stages, strict=True), strict=True)),
    stages=st.lists(st.tuples(small, st.sampled_from([1, 2, 1, 2, 1, 2, 1, 2, 0])), min_size=1, max_size=4),
    hidden=st.sampled_from([4, 1, 8, 5, 3, 0]),
    norm=st.sampled_from(["none", "batch", "none", "batch", "layer"]),
)
dense_nets = st.fixed_dictionaries(
    {
        "depths": st.lists(st.integers(1, 2), min_size=1, max_size=3).map(tuple),
        "growth": st.sampled_from([1, 2, 3, 4, 0]),
        "bottleneck": st.integers(1, 2),
        "compression": st.sampled_from([0.5, 0.6, 1.0, 0.01]),
        "stem": stems,
    }
)
columns = ("widths", "depths", "kernels", "strides", "expansions")
efficient_nets = st.lists(
    st.tuples(small, st.integers(1, 2), st.sampled_from([3, 5, 3, 5, 3, 4]), st.integers(1, 2), st.integers(1, 3)),
    min_size=1,
    max_size=3,
).map(lambda stages: dict(zip(columns, zip(*stages, strict=True), strict=True)) | {"stem_width": 4, "head_width": 8})
families = st.one_of(
    st.tuples(st.just(VGGSpec), vggs),
    st.tuples(st.just(DenseNetSpec), dense_nets),
    st.tuples(st.just(EfficientNetSpec), efficient_nets),
)


@quickly
@given(families, st.integers(0, 3))
def test_a_descendant_is_refused_in_words_or_works_from_its_smallest_image_up(
    family: tuple[type[ModelSpec], dict], larger: int
) -> None:
    kind, fields = family
    try:
        parts = {name: Stem(**value) if name == "stem" else value for name, value in fields.items()}
        spec = kind(name="any", source=SOURCE, num_classes=3, in_channels=2, **parts)
    except SpecError as refusal:
        assert_says_what_is_allowed(refusal)
    else:
        assert_works(spec, spec.smallest_input + larger)


changes = st.fixed_dictionaries(
    {},
    optional={
        "shortcut": st.sampled_from(list(SHORTCUTS.values())),
        "num_classes": st.integers(1, 2000),
        "width": st.integers(1, 99),
        "depths": st.tuples(*[st.integers(1, 9)] * 3),
        "drop_path": st.floats(0, 0.99),
        "zero_init_last": st.booleans(),
        "activation": st.sampled_from(["relu", "tanh"]),
        "squeeze": st.none() | st.floats(0.01, 1),
    },
)


@settings(quickly, max_examples=200)
@given(changes)
def test_a_network_is_read_again_from_the_name_of_its_changes(fields: dict) -> None:
    row = find_spec("resnet20")
    try:
        spec = row.with_fields(**fields)
    except SpecError as refusal:
        assert_says_what_is_allowed(refusal)
    else:
        written = spec.name.removeprefix("resnet20").strip("[]")
        assert row.with_fields(**dict(change.split("=") for change in written.split(",") if change)) == spec
        assert row.with_fields(**{name: spec.field_value(name) for name in fields}) == spec


def assert_says_what_is_allowed(refusal: SpecError) -> None:
    what, allowed = str(refusal).splitlines()
    assert "=" in what
    assert " is impossible in " in what
    assert allowed.startswith("allowed: ")


def assert_works(spec: ModelSpec, side: int) -> None:
    """Logits have their shape, and every parameter has a part in them."""
    network = build(spec)
    images = torch.randn(4, spec.in_channels, side, side)
    logits = network(images)
    assert logits.shape == (4, spec.num_classes)
    logits.sum().backward()
    idle = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not idle
