"""How blocks are made, how they start, what they draw in training, and what they refuse to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from samples import drawn, given
from torch import Tensor, nn

from resnetlab.core.errors import SpecError
from resnetlab.nn import BasicBlock, BottleneckBlock, RegNetBlock, ResidualBlock, build
from resnetlab.nn.merges import BranchOnly, GatedMerge
from resnetlab.specs import find_spec
from resnetlab.specs.parts import (
    AveragePool,
    Basic,
    Bottleneck,
    DroppedOut,
    Gated,
    NoShortcut,
    Projection,
    RegNetBottleneck,
    Scaled,
    Squeeze,
    ZeroPadding,
)


# ── Shapes and names ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("block", "shape"),
    [
        (BasicBlock(64, 128, stride=2), (2, 128, 4, 4)),
        (BottleneckBlock(256, 64), (2, 256, 8, 8)),
        (BottleneckBlock(256, 128, stride=2), (2, 512, 4, 4)),
    ],
)
def test_blocks_stand_alone_with_the_widths_of_the_papers(block: ResidualBlock, shape: tuple[int, ...]) -> None:
    channels = block.get_parameter("conv1.weight").shape[1]
    assert block(torch.randn(2, channels, 8, 8)).shape == shape


def test_state_dicts_carry_torchvisions_names() -> None:
    keys = {key.rpartition(".")[0] for key in BottleneckBlock(64, 64).state_dict()}
    assert keys == {"conv1", "bn1", "conv2", "bn2", "conv3", "bn3", "downsample.0", "downsample.1"}


def test_a_pooled_skip_averages_only_what_the_image_has() -> None:
    block = given(AveragePool(), 4, stride=2)
    assert block.downsample is not None
    pool = block.downsample.get_submodule("0")
    x = torch.arange(9.0).view(1, 1, 3, 3)
    assert pool(x).tolist() == [[[[2.0, 3.5], [6.5, 8.0]]]]


@pytest.mark.parametrize("order", ["post", "pre"])
@pytest.mark.parametrize("size", [7, 8])
def test_a_block_that_pools_takes_the_largest_of_what_its_first_convolution_gives(order: str, size: int) -> None:
    block = given(AveragePool(), 6, stride=2, downsampling="max-pool", order=order)
    h = torch.randn(2, 4, size, size)
    convolved = nn.functional.conv2d(h, block.conv1.weight, padding=1)
    padded = nn.functional.pad(convolved, (0, size % 2, 0, size % 2), value=-torch.inf)
    largest = padded.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5))
    expected = block.act(block.bn1(largest)) if order == "post" else block.act(block.bn2(largest))
    expected = block.bn2(block.conv2(expected)) if order == "post" else block.conv2(expected)
    torch.testing.assert_close(block.branch(h), expected)
    assert block(h).shape == given(AveragePool(), 6, stride=2)(h).shape


# ── How blocks start ─────────────────────────────────────────────────────────────────────────────────────────────────
STARTS_AS_ITS_SKIP = {
    "zero-initialised last γ, basic": lambda: given(Projection(), zero_init_last=True),
    "zero-initialised last γ, bottleneck": lambda: BottleneckBlock(4, 1, 1, Bottleneck(zero_init_last=True)),
    "zero-initialised last γ, RegNet": lambda: RegNetBlock(
        4, 4, 1, RegNetBottleneck(group_width=2, zero_init_last=True)
    ),
    "SkipInit": lambda: given(Projection(), skip_init=True),
    "SkipInit without norm": lambda: given(Projection(), norm="none", skip_init=True),
}


@pytest.mark.parametrize("name", STARTS_AS_ITS_SKIP)
def test_a_block_starts_as_its_skip_and_can_leave_it(name: str) -> None:
    block, x = STARTS_AS_ITS_SKIP[name](), torch.randn(2, 4, 6, 6)
    assert torch.equal(block(x.clone()), torch.relu(x))
    block(x).square().sum().backward()
    assert any(parameter.grad.abs().sum() > 0 for parameter in block.parameters() if parameter.grad is not None)


@pytest.mark.parametrize("name", ["resnet50", "resnet18"])
def test_zero_initialised_networks_have_their_last_gammas_alone_at_zero(name: str) -> None:
    network = build(find_spec(name).with_fields(zero_init_last=True, width=8))
    last = "bn3" if name == "resnet50" else "bn2"
    gammas = {part: layer.weight for part, layer in network.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    assert {part for part, gamma in gammas.items() if (gamma == 0).all()} == {
        part for part in gammas if part.endswith(last)
    }
    assert all((gamma == 1).all() for part, gamma in gammas.items() if not part.endswith(last))


@pytest.mark.parametrize("init", ["he", "xavier", "pytorch"])
def test_gates_start_where_they_are_told_to_however_weights_are_drawn(init: str) -> None:
    network = build(find_spec("resnet20").with_fields(shortcut="gated", init=init, width=4))
    gates = [merge for merge in network.modules() if isinstance(merge, GatedMerge)]
    assert len(gates) == 9
    alone = given(Gated()).get_submodule("merge")
    assert all((merge.get_parameter("gate.bias") == -6).all() for merge in (*gates, alone))


@pytest.mark.parametrize(
    ("init", "deviation"),
    [
        ("he", (2 / (64 * 9)) ** 0.5),
        ("xavier", (2 / (32 * 9 + 64 * 9)) ** 0.5),
        ("pytorch", (1 / (3 * 32 * 9)) ** 0.5),
    ],
)
@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_weights_are_drawn_with_the_deviation_of_their_scheme(init: str, deviation: float, gain: float) -> None:
    spec = find_spec("resnet20").with_fields(init=init, init_gain=gain, shortcut="B")
    weight = build(spec).get_parameter("layer3.0.conv1.weight")
    assert weight.std().item() == pytest.approx(gain * deviation, rel=0.03)
    assert weight.mean().item() == pytest.approx(0, abs=0.03 * deviation)


# ── What is drawn anew in training ───────────────────────────────────────────────────────────────────────────────────
def test_stochastic_depth_drops_whole_branches_and_makes_up_for_it() -> None:
    block = drawn(given(Projection(), order="pre", drop_path=0.25)).train()
    x = torch.randn(400, 4, 2, 2, dtype=torch.float64)
    with torch.no_grad():
        branch = block.branch(block.before(x))
        added = block(x) - x
    dropped = added.flatten(1).abs().amax(1) == 0
    torch.testing.assert_close(added[~dropped], branch[~dropped] / 0.75)
    assert 0.18 < dropped.double().mean() < 0.32


def test_stochastic_depth_grows_with_depth() -> None:
    network = build(find_spec("resnet20").with_fields(drop_path=0.9, shortcut="A"), "meta")
    rates = [block.get_submodule("merge.on_branch").p for block in network.blocks]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


def test_dropout_on_the_skip_drops_values_and_makes_up_for_them() -> None:
    block = given(DroppedOut(rate=0.25), order="pre").double().train()
    x = torch.randn(50, 4, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        skip = block(x) - block.branch(block.before(x))
    ratio = skip / x
    dropped = ratio.abs() < 1e-6
    torch.testing.assert_close(ratio[~dropped], torch.full_like(ratio[~dropped], 4 / 3), rtol=1e-6, atol=1e-6)
    assert 0.23 < dropped.double().mean() < 0.27


def test_dropout_stands_between_the_convolutions() -> None:
    block = drawn(given(Projection(), activation="sigmoid", dropout=0.25)).train()
    seen: list[Tensor] = []
    block.drop.register_forward_hook(lambda layer, inputs, output: seen.extend((inputs[0], output)))
    block.conv2.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    block(torch.randn(50, 4, 8, 8, dtype=torch.float64))
    before, after, entering = seen
    assert after is entering
    torch.testing.assert_close(after[after > 0], before[after > 0] / 0.75)
    assert 0.23 < (after == 0).double().mean() < 0.27


# ── What no block can be ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: given(NoShortcut(), skip_init=True), "skip_init=True is impossible in Basic"),
        (lambda: given(NoShortcut(), drop_path=0.1), "drop_path=0.1 is impossible in Basic"),
        (lambda: BasicBlock(4, 4, shortcut=NoShortcut(), drop_path=0.1), "drop_path=0.1 is impossible in Basic"),
        (lambda: BasicBlock(4, 4, drop_path=1.0), "drop_path=1.0 is impossible in Basic"),
        (lambda: given(Gated(), skip_init=True), "skip_init=True is impossible in Basic"),
        (lambda: given(Gated(), drop_path=0.1), "drop_path=0.1 is impossible in Basic"),
        (lambda: given(ZeroPadding(), 3), "out_channels=3 loses channels of 4"),
        (lambda: RegNetBlock(4, 6, 1, RegNetBottleneck(group_width=4)), "group_width=4 does not divide width=6"),
        (lambda: Squeeze(of="output"), "of='output' is impossible in Squeeze"),  # type: ignore[arg-type]  # on purpose
        (lambda: Basic(downsampling="pool"), "downsampling='pool' is impossible in Basic"),  # type: ignore[arg-type]  # on purpose
        (lambda: Basic(zero_init_last=True, order="pre"), "zero_init_last=True is impossible in Basic"),
    ],
)
def test_a_block_refuses_what_it_would_have_to_ignore(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpecError, match=message.replace(".", r"\.")) as refusal:
        make()
    assert "\nallowed: " in str(refusal.value)


def test_a_block_without_a_branch_says_how_to_give_it_one() -> None:
    with pytest.raises(NotImplementedError, match="give residual_function, or override branch"):
        ResidualBlock()(torch.zeros(1, 4, 2, 2))


def test_a_merge_shows_what_it_does_to_each_side() -> None:
    block = given(Scaled(0.5), skip_init=True)
    assert "value=0, learned" in repr(block.merge.on_branch)
    assert "value=0.5" in repr(block.merge.on_skip)
    with torch.device("meta"):
        assert "learned" in repr(given(Projection(), skip_init=True))
    assert isinstance(given(NoShortcut()).merge, BranchOnly)
