"""A residual network's parameters as a plain dict: where they stand, and how they are drawn by hand.

The keys are those of the module network's state dict, so that `model.load_state_dict(params)` and
`parameters_of(model)` go either way. What is learned requires gradients; running averages do not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from resnetlab.core.errors import SpecError
from resnetlab.specs.network import NetworkSpec
from resnetlab.specs.parts import Basic, Bottleneck, Projection, ZeroPadding

Parameters = dict[str, Tensor]


class Convolution(NamedTuple):
    """Shape and stride of one convolution; its weight is (outputs, inputs per group, kernel, kernel)."""

    outputs: int
    inputs: int
    kernel: int
    stride: int


@dataclass(frozen=True)
class Place:
    """Where one block stands in a network.

    Args:
        name: what its keys start with: "layer2.0".
        branch: its convolutions in order.
        projection: the shortcut's 1×1; None where x, strided and padded, is taken as it is.
        stride: of the whole block.
    """

    name: str
    branch: tuple[Convolution, ...]
    projection: Convolution | None
    stride: int


def places(spec: NetworkSpec) -> Iterator[Place]:
    """Yields where each block stands; the first of a stage carries its stride."""
    inputs = spec.stem.width
    for number, (width, depth) in enumerate(zip(spec.stages.widths, spec.stages.depths, strict=True), start=1):
        outputs = width * spec.block.expansion
        for index in range(depth):
            stride = 1 if index else spec.stages.first_stride if number == 1 else 2
            changes = stride > 1 or inputs != outputs
            projects = isinstance(spec.shortcut, Projection) and (changes or spec.shortcut.everywhere)
            projection = Convolution(outputs, inputs, 1, stride) if projects else None
            yield Place(f"layer{number}.{index}", _branch(spec, inputs, width, stride), projection, stride)
            inputs = outputs


def _branch(spec: NetworkSpec, inputs: int, width: int, stride: int) -> tuple[Convolution, ...]:
    block = spec.block
    if not isinstance(block, Bottleneck):
        return Convolution(width, inputs, 3, stride), Convolution(width, width, 3, 1)
    inner = block.inner_width(width)
    first, second = (stride, 1) if block.stride_in == "1x1" else (1, stride)
    return (
        Convolution(inner, inputs, 1, first),
        Convolution(inner, inner // block.groups, 3, second),
        Convolution(width * block.expansion, inner, 1, 1),
    )


def init_parameters(spec: NetworkSpec, seed: int = 0) -> Parameters:
    """Fresh parameters: convolutions from a normal distribution of variance 2 / fan-out, γ = 1, β = 0.

    A ReLU halves the mean square of what passes; the 2 makes up for it, so that without skips neither signal nor
    gradient fades or grows with depth. The linear layer is uniform within ±1/√features.

    Paper:
        He et al. 2015b, Eq. 14.

    Raises:
        SpecError: the spec asks for more than is written by hand.
    """
    check_is_written_by_hand(spec)
    generator = torch.Generator().manual_seed(seed)
    params: Parameters = {}

    def draw(convolution: str, norm: str, shape: Convolution) -> None:
        deviation = spec.init_gain * math.sqrt(2 / (shape.outputs * shape.kernel**2))
        weight = torch.randn(*shape[:3], shape.kernel, generator=generator)
        params[f"{convolution}.weight"] = deviation * weight
        params.update(_fresh_norm(norm, shape.outputs))

    draw("conv1", "bn1", Convolution(spec.stem.width, spec.in_channels, spec.stem.kernel, spec.stem.stride))
    for place in places(spec):
        for number, shape in enumerate(place.branch, start=1):
            draw(f"{place.name}.conv{number}", f"{place.name}.bn{number}", shape)
        if spec.block.zero_init_last:
            params[f"{place.name}.bn{len(place.branch)}.weight"].zero_()
        if place.projection:
            draw(f"{place.name}.downsample.0", f"{place.name}.downsample.1", place.projection)
    features = spec.stages.widths[-1] * spec.block.expansion
    for name, size in {"fc.weight": (spec.num_classes, features), "fc.bias": (spec.num_classes,)}.items():
        params[name] = (2 * torch.rand(*size, generator=generator) - 1) / math.sqrt(features)
    return {name: tensor.requires_grad_("running" not in name) for name, tensor in params.items()}


def _fresh_norm(name: str, channels: int) -> Parameters:
    ones, zeros = torch.ones(channels), torch.zeros(channels)
    learned = {f"{name}.weight": ones, f"{name}.bias": zeros}
    return learned | {f"{name}.running_mean": zeros.clone(), f"{name}.running_var": ones.clone()}


def parameters_of(model: nn.Module) -> Parameters:
    """A copy of a module network's parameters and running averages."""
    learned = {name for name, _ in model.named_parameters()}
    state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    return {
        name: tensor.requires_grad_(name in learned)
        for name, tensor in state.items()
        if tensor.is_floating_point()  # not the counts of batches, which nothing uses
    }


def check_is_written_by_hand(spec: NetworkSpec) -> None:
    """Refuse what `resnetlab.nn.functional` does not compute, rather than compute something else.

    Raises:
        SpecError: names the part and the value.
    """
    block, shortcut = spec.block, spec.shortcut
    plain: dict[str, Any] = {"order": "post", "norm": "batch", "activation": "relu", "squeeze": None}
    off: dict[str, Any] = {"skip_init": False, "drop_path": 0.0, "dropout": 0.0}
    off |= {"downsampling": "stride"} if isinstance(block, Basic) else {}
    simple = isinstance(block, Basic | Bottleneck) and replace(block, **plain, **off) == block
    written = {
        "init": spec.init == "he",
        "stem": spec.stem.convolutions == 1,
        "block": simple,
        "shortcut": isinstance(shortcut, ZeroPadding | Projection),
        "head_dropout": spec.head_dropout == 0,
    }
    for field, here in written.items():
        if not here:
            raise SpecError(
                f"{field}={getattr(spec, field)!r} of {spec.name} is not written by hand\n"
                "allowed: post-activation ResNets with batch norm, shortcuts A, B, C; all else: resnetlab.nn.build"
            )
