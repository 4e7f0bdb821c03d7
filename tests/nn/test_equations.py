"""Every block alone, against its equation written out in the test with nothing but functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from samples import drawn, given
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.nn import BasicBlock, BottleneckBlock, MBConvBlock, RegNetBlock, ResidualBlock
from resnetlab.nn.merges import Merge, Scale, SkipOnly
from resnetlab.specs.parts import (
    AveragePool,
    Bottleneck,
    Convolved,
    DroppedOut,
    Gated,
    NoShortcut,
    Projection,
    RegNetBottleneck,
    Scaled,
    Squeeze,
    ZeroPadding,
)

relu = torch.relu


# ── The pieces of every equation ─────────────────────────────────────────────────────────────────────────────────────
def conv(layer: Any, x: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
    return F.conv2d(x, layer.weight, layer.bias, stride, layer.weight.shape[-1] // 2, groups=groups)


def bn(layer: Any, x: Tensor) -> Tensor:
    def image(channel: Tensor) -> Tensor:
        return channel.view(1, -1, 1, 1)

    standardised = (x - image(layer.running_mean)) / (image(layer.running_var) + 1e-5).sqrt()
    return image(layer.weight) * standardised + image(layer.bias)


def se(layer: Any, x: Tensor, act: Callable[[Tensor], Tensor] = relu) -> Tensor:
    return x * torch.sigmoid(conv(layer.fc2, act(conv(layer.fc1, x.mean((2, 3), keepdim=True)))))


def padded(x: Tensor, before: int, after: int) -> Tensor:
    zeros = torch.zeros_like(x[:, :1])
    return torch.cat([zeros.repeat(1, before, 1, 1), x, zeros.repeat(1, after, 1, 1)], dim=1)


def means_of_four(x: Tensor) -> Tensor:
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4


def basic(b: Any, x: Tensor, stride: int = 1, act: Callable[[Tensor], Tensor] = relu) -> Tensor:
    return bn(b.bn2, conv(b.conv2, act(bn(b.bn1, conv(b.conv1, x, stride)))))


def basic_pre(b: Any, h: Tensor, stride: int = 1) -> Tensor:
    return conv(b.conv2, relu(bn(b.bn2, conv(b.conv1, h, stride))))


def basic_bare(b: Any, x: Tensor) -> Tensor:
    return conv(b.conv2, relu(conv(b.conv1, x)))


def bottleneck(b: Any, x: Tensor, strides: tuple[int, int] = (1, 1), groups: int = 1) -> Tensor:
    h = relu(bn(b.bn1, conv(b.conv1, x, strides[0])))
    return bn(b.bn3, conv(b.conv3, relu(bn(b.bn2, conv(b.conv2, h, strides[1], groups)))))


def bottleneck_pre(b: Any, h: Tensor, stride: int = 1) -> Tensor:
    h = conv(b.conv2, relu(bn(b.bn2, conv(b.conv1, h))), stride)
    return conv(b.conv3, relu(bn(b.bn3, h)))


def regnet_y(b: Any, x: Tensor, stride: int, groups: int) -> Tensor:
    h = relu(bn(b.bn2, conv(b.conv2, relu(bn(b.bn1, conv(b.conv1, x))), stride, groups)))
    return bn(b.bn3, conv(b.conv3, se(b.se, h)))


def inverted(b: Any, h: Tensor, stride: int, groups: int) -> Tensor:
    h = F.silu(bn(b.bn2, conv(b.conv2, h, stride, groups)))
    return bn(b.bn3, conv(b.conv3, se(b.se, h, F.silu)))


def projected(b: Any, x: Tensor, stride: int = 1) -> Tensor:
    return bn(b.downsample[1], conv(b.downsample[0], x, stride))


def gate(b: Any, x: Tensor) -> Tensor:
    return torch.sigmoid(conv(b.merge.gate, x))


V1 = Bottleneck(widening=2, stride_in="1x1")
V15 = Bottleneck(widening=2)
CARDINAL = Bottleneck(widening=2, groups=2, base_width=96)
PRE = Bottleneck(widening=2, order="pre")
SQUEEZED = Bottleneck(widening=2, squeeze=Squeeze(1 / 4))
SQUEEZED_Y = RegNetBottleneck(group_width=2, squeeze=Squeeze(1 / 4, of="input"))

Equation = Callable[[Any, Tensor], Tensor]
EQUATIONS: dict[str, tuple[Callable[[], ResidualBlock], Equation]] = {
    "any branch": (
        lambda: ResidualBlock(nn.Conv2d(4, 4, 3, padding=1)),
        lambda b, x: conv(b.residual_function, x) + x,
    ),
    "any branch and skip": (
        lambda: ResidualBlock(nn.Conv2d(4, 5, 1), downsample=nn.Conv2d(4, 5, 1), merge=Merge(Scale(2.0), Scale(3.0))),
        lambda b, x: 2 * conv(b.residual_function, x) + 3 * conv(b.downsample, x),
    ),
    "basic": (lambda: BasicBlock(4, 4), lambda b, x: relu(basic(b, x) + x)),
    "basic, option A": (
        lambda: given(ZeroPadding(), 7, stride=2),
        lambda b, x: relu(basic(b, x, 2) + padded(x[:, :, ::2, ::2], 1, 2)),
    ),
    "basic, option A, stride alone": (
        lambda: given(ZeroPadding(), stride=2),
        lambda b, x: relu(basic(b, x, 2) + x[:, :, ::2, ::2]),
    ),
    "basic, option B": (lambda: BasicBlock(4, 6, stride=2), lambda b, x: relu(basic(b, x, 2) + projected(b, x, 2))),
    "basic, option B, same shape": (lambda: given(Projection()), lambda b, x: relu(basic(b, x) + x)),
    "basic, option C": (lambda: given(Projection(True)), lambda b, x: relu(basic(b, x) + projected(b, x))),
    "basic, option D": (
        lambda: given(AveragePool(), 6, stride=2),
        lambda b, x: relu(basic(b, x, 2) + bn(b.downsample[2], conv(b.downsample[1], means_of_four(x)))),
    ),
    "basic, option D, channels alone": (
        lambda: given(AveragePool(), 6),
        lambda b, x: relu(basic(b, x) + bn(b.downsample[2], conv(b.downsample[1], x))),
    ),
    "scaled": (lambda: given(Scaled(0.5, 0.25)), lambda b, x: relu(0.25 * basic(b, x) + 0.5 * x)),
    "gated, exclusive": (
        lambda: given(Gated(bias=-1.0)),
        lambda b, x: relu(gate(b, x) * basic(b, x) + (1 - gate(b, x)) * x),
    ),
    "gated, shortcut only": (
        lambda: given(Gated(bias=-1.0, exclusive=False)),
        lambda b, x: relu(basic(b, x) + (1 - gate(b, x)) * x),
    ),
    "gated where the shape changes": (
        lambda: given(Gated(bias=0.0), 6, stride=2),
        lambda b, x: relu(
            gate(b, padded(x[:, :, ::2, ::2], 1, 1)) * basic(b, x, 2)
            + (1 - gate(b, padded(x[:, :, ::2, ::2], 1, 1))) * padded(x[:, :, ::2, ::2], 1, 1)
        ),
    ),
    "dropout on the skip, in evaluation": (lambda: given(DroppedOut()), lambda b, x: relu(basic(b, x) + x)),
    "bare 1x1 on the skip": (
        lambda: given(Convolved()),
        lambda b, x: relu(basic(b, x) + conv(b.downsample[0], x)),
    ),
    "plain": (lambda: given(NoShortcut(), 6, stride=2), lambda b, x: relu(basic(b, x, 2))),
    "stochastic depth, in evaluation": (
        lambda: given(Projection(), drop_path=0.5),
        lambda b, x: relu(basic(b, x) + x),
    ),
    "its branch cut": (lambda: cut(BasicBlock(4, 4)), lambda b, x: relu(x)),
    "pre-activation": (
        lambda: given(Projection(), order="pre"),
        lambda b, x: basic_pre(b, relu(bn(b.bn1, x))) + x,
    ),
    "pre-activation, option A": (
        lambda: given(ZeroPadding(), 6, 2, order="pre"),
        lambda b, x: basic_pre(b, relu(bn(b.bn1, x)), 2) + padded(x[:, :, ::2, ::2], 1, 1),
    ),
    "pre-activation, option B": (
        lambda: given(Projection(), 6, 2, order="pre"),
        lambda b, x: basic_pre(b, relu(bn(b.bn1, x)), 2) + conv(b.downsample[0], relu(bn(b.bn1, x)), 2),
    ),
    "without norm": (lambda: given(Projection(), norm="none"), lambda b, x: relu(basic_bare(b, x) + x)),
    "without norm, option B": (
        lambda: given(Projection(), 6, norm="none"),
        lambda b, x: relu(basic_bare(b, x) + conv(b.downsample[0], x)),
    ),
    "SkipInit": (
        lambda: given(Projection(), norm="none", order="pre", skip_init=True),
        lambda b, x: b.merge.on_branch.value * basic_bare(b, relu(x)) + x,
    ),
    "SkipInit beside scales": (
        lambda: given(Scaled(0.5, 0.25), skip_init=True, drop_path=0.5),
        lambda b, x: relu(b.merge.on_branch[1].value * 0.25 * basic(b, x) + 0.5 * x),
    ),
    "silu": (
        lambda: given(Projection(), activation="silu"),
        lambda b, x: F.silu(basic(b, x, act=F.silu) + x),
    ),
    "tanh": (
        lambda: given(Projection(), activation="tanh"),
        lambda b, x: torch.tanh(basic(b, x, act=torch.tanh) + x),
    ),
    "sigmoid": (
        lambda: given(Projection(), activation="sigmoid"),
        lambda b, x: torch.sigmoid(basic(b, x, act=torch.sigmoid) + x),
    ),
    "basic, squeezed": (
        lambda: given(Projection(), squeeze=Squeeze(1 / 2)),
        lambda b, x: relu(se(b.se, basic(b, x)) + x),
    ),
    "bottleneck": (lambda: BottleneckBlock(4, 2, 1, V15), lambda b, x: relu(bottleneck(b, x) + x)),
    "bottleneck, v1.5": (
        lambda: BottleneckBlock(4, 3, 2, V15),
        lambda b, x: relu(bottleneck(b, x, (1, 2)) + projected(b, x, 2)),
    ),
    "bottleneck, v1": (
        lambda: BottleneckBlock(4, 3, 2, V1),
        lambda b, x: relu(bottleneck(b, x, (2, 1)) + projected(b, x, 2)),
    ),
    "bottleneck, groups and width": (
        lambda: BottleneckBlock(4, 2, 1, CARDINAL),
        lambda b, x: relu(bottleneck(b, x, groups=2) + x),
    ),
    "bottleneck, squeezed": (
        lambda: BottleneckBlock(4, 2, 1, SQUEEZED),
        lambda b, x: relu(se(b.se, bottleneck(b, x)) + x),
    ),
    "bottleneck, pre-activation": (
        lambda: BottleneckBlock(4, 3, 2, PRE),
        lambda b, x: bottleneck_pre(b, relu(bn(b.bn1, x)), 2) + conv(b.downsample[0], relu(bn(b.bn1, x)), 2),
    ),
    "RegNetX": (
        lambda: RegNetBlock(4, 6, 2, RegNetBottleneck(group_width=2)),
        lambda b, x: relu(bottleneck(b, x, (1, 2), groups=3) + projected(b, x, 2)),
    ),
    "RegNetY": (
        lambda: RegNetBlock(4, 6, 2, SQUEEZED_Y),
        lambda b, x: relu(regnet_y(b, x, 2, groups=3) + projected(b, x, 2)),
    ),
    "inverted bottleneck": (
        lambda: MBConvBlock(4, 4, expansion=3),
        lambda b, x: inverted(b, F.silu(bn(b.bn1, conv(b.conv1, x))), 1, groups=12) + x,
    ),
    "inverted bottleneck, another shape": (
        lambda: MBConvBlock(4, 6, stride=2, kernel=5, expansion=3),
        lambda b, x: inverted(b, F.silu(bn(b.bn1, conv(b.conv1, x))), 2, groups=12),
    ),
    "inverted bottleneck, not widened": (
        lambda: MBConvBlock(4, 4, expansion=1),
        lambda b, x: inverted(b, x, 1, groups=4) + x,
    ),
}


def cut(block: ResidualBlock) -> ResidualBlock:
    block.merge = SkipOnly()
    return block


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_block_computes_its_equation(name: str) -> None:
    make, equation = EQUATIONS[name]
    block = drawn(make()).eval()
    x = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    with torch.no_grad():
        expected = equation(block, x.clone())
        found = block(x.clone())
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_block_learns_by_the_gradient_of_its_equation(name: str) -> None:
    make, equation = EQUATIONS[name]
    block = drawn(make()).eval()
    x = torch.randn(2, 4, 6, 6, dtype=torch.float64, requires_grad=True)
    learned = [parameter for part, parameter in block.named_parameters() if name != "its branch cut"]
    direction = torch.randn_like(block(x))
    found = torch.autograd.grad((block(x) * direction).sum(), [x, *learned])
    expected = torch.autograd.grad((equation(block, x) * direction).sum(), [x, *learned])
    for mine, written in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, written, rtol=1e-9, atol=1e-11)


def test_the_equation_stands_once() -> None:
    def descendants(kind: type) -> list[type]:
        return [child for direct in kind.__subclasses__() for child in (direct, *descendants(direct))]

    blocks = descendants(ResidualBlock)
    assert {BasicBlock, BottleneckBlock, RegNetBlock, MBConvBlock} <= set(blocks)
    assert [block.__name__ for block in blocks if "forward" in vars(block)] == []
