"""Whatever is asked of a spec, it refuses in words or builds a network that works."""

from __future__ import annotations

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnetlab.core.errors import SpecError
from resnetlab.nn import build
from resnetlab.specs import ModelSpec, NetworkSpec
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
quickly = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

small = st.integers(1, 12)
stems = st.fixed_dictionaries(
    {
        "width": small,
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
    "zero_init_last": st.booleans(),
    "skip_init": st.booleans(),
    "drop_path": st.sampled_from([0.0, 0.5]),
}
bottleneck_fields = {
    "widening": st.integers(1, 4),
    "stride_in": st.sampled_from(["3x3", "1x1"]),
    "groups": st.integers(1, 4),
    "base_width": st.sampled_from([4, 32, 64, 128]),
}
blocks = st.one_of(
    st.tuples(st.just(Basic), st.fixed_dictionaries(block_fields)),
    st.tuples(st.just(Bottleneck), st.fixed_dictionaries(block_fields | bottleneck_fields)),
    st.tuples(st.just(RegNetBottleneck), st.fixed_dictionaries(block_fields | {"group_width": st.integers(1, 4)})),
)
stages = st.integers(1, 3).flatmap(
    lambda number: st.fixed_dictionaries(
        {
            "widths": st.tuples(*[small] * number),
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
