"""Which residual network has tensors of these shapes: every field that shapes decide, read off our names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from resnetlab.specs.network import NetworkSpec
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.specs.parts import (
    IMAGENET_STEM,
    AveragePool,
    Basic,
    Block,
    Bottleneck,
    Convolved,
    Gated,
    Projection,
    RegNetBottleneck,
    Shortcut,
    Squeeze,
    Stages,
    Stem,
    ZeroPadding,
)

Shapes = Mapping[str, tuple[int, ...]]
BLOCK = re.compile(r"layer(\d+)\.(\d+)\.")
USUAL_RATIOS = (1 / 16, 1 / 8, 1 / 4)


def infer_residual_network(shapes: Shapes) -> NetworkSpec:
    """The residual network whose tensors have these shapes, as far as shapes tell.

    Raises:
        KeyError, ValueError, ResnetlabError: they are no such network's.
    """
    depths = _depths(shapes)
    basic = "layer1.0.conv3.weight" not in shapes
    last = "conv2" if basic else "conv3"
    leaving = [shapes[f"layer{stage}.0.{last}.weight"][0] for stage in range(1, len(depths) + 1)]
    block = _basic(shapes) if basic else _bottleneck(shapes, leaving)
    widths = tuple(channels // block.expansion for channels in leaving)
    stem = _stem(shapes, isinstance(block, RegNetBottleneck))
    return NetworkSpec(
        name="network",
        source=Source(HE_2015),
        stem=stem,
        block=block,
        stages=Stages(widths, depths, first_stride=2 if isinstance(block, RegNetBottleneck) else 1),
        shortcut=_shortcut(shapes),
        num_classes=shapes["fc.weight"][0],
        in_channels=shapes["conv1.weight" if "conv1.weight" in shapes else "conv1.0.weight"][1],
        input_size=224 if stem.stride == 2 else 32,
    )


def _depths(shapes: Shapes) -> tuple[int, ...]:
    places = {(int(found[1]), int(found[2])) for key in shapes if (found := BLOCK.match(key))}
    stages = max(stage for stage, _ in places)
    return tuple(1 + max(place for stage, place in places if stage == number) for number in range(1, stages + 1))


def _stem(shapes: Shapes, of_regnet: bool) -> Stem:
    """The stem; its stride and pooling are those that usually go with its kernel."""
    if "conv1.weight" not in shapes:
        return Stem(shapes["conv1.6.weight"][0], shapes["conv1.0.weight"][-1], 2, True, convolutions=3)
    width, _, _, kernel = shapes["conv1.weight"]
    for_photographs = kernel == IMAGENET_STEM.kernel
    return Stem(width, kernel, stride=2 if for_photographs or of_regnet else 1, max_pool=for_photographs)


def _in_common(shapes: Shapes) -> dict[str, Any]:
    return {
        "order": "pre" if "norm.weight" in shapes or _norm_comes_first(shapes) else "post",
        "norm": "batch" if "layer1.0.bn1.weight" in shapes else "none",
        "skip_init": any(re.search(r"merge\.on_branch(\.\d+)?\.value$", key) for key in shapes),
        "squeeze": _squeeze(shapes),
    }


def _norm_comes_first(shapes: Shapes) -> bool:
    """Whether the second block's first norm has the width of its input, where that tells it from its output."""
    norm, conv = shapes.get("layer2.0.bn1.weight"), shapes.get("layer2.0.conv1.weight")
    return norm is not None and conv is not None and norm[0] == conv[1] != conv[0]


def _basic(shapes: Shapes) -> Block:
    return Basic(**_in_common(shapes))


def _bottleneck(shapes: Shapes, leaving: list[int]) -> Block:
    """The bottleneck by its inner convolutions: RegNet's are as wide as their stage, and all groups of one size."""
    common = _in_common(shapes)
    middles = [shapes[f"layer{stage}.0.conv2.weight"][:2] for stage in range(1, len(leaving) + 1)]
    (inner, per_group), *_ = middles
    if middles == [(channels, per_group) for channels in leaving] and common["order"] == "post":
        return RegNetBottleneck(**common, group_width=per_group)
    groups = inner // per_group
    widening = Bottleneck.widening if leaving[0] % Bottleneck.widening == 0 else leaving[0] // inner
    base_width = round(64 * inner / (groups * leaving[0] / widening))
    return Bottleneck(**common, widening=widening, groups=groups, base_width=base_width)


def infer_squeeze(widths: Sequence[tuple[int, int, int]]) -> Squeeze | None:
    """The squeeze whose ratio gives the channels of every block, of the block's own or of its input; None for none.

    >>> infer_squeeze([(16, 256, 64), (32, 512, 256)])
    Squeeze(ratio=0.0625, of='itself')

    Args:
        widths: of each block with a squeeze the squeezed channels, its own and those of its input.
    """
    narrow, *wholes = zip(*widths, strict=True)
    sides: tuple[Literal["itself", "input"], ...] = ("itself", "input")
    for of, whole in zip(sides, wholes, strict=True):
        for ratio in (*USUAL_RATIOS, narrow[0] / whole[0]):
            if all(max(1, round(wide * ratio)) == squeezed for squeezed, wide in zip(narrow, whole, strict=True)):
                return Squeeze(ratio, of)
    return None


def _squeeze(shapes: Shapes) -> Squeeze | None:
    named = {
        key.removesuffix("se.fc1.weight"): shape for key, shape in shapes.items() if key.endswith("se.fc1.weight")
    }
    if not named:
        return None
    widths = [(shape[0], shape[1], shapes[f"{block}conv1.weight"][1]) for block, shape in named.items()]
    squeeze = infer_squeeze(widths)
    if squeeze is None:
        narrow, wide, _ = widths[0]
        raise ValueError(f"squeezes of {wide} to {narrow} channels follow no single ratio")
    return squeeze


def _shortcut(shapes: Shapes) -> Shortcut:
    """The shortcut that leaves these tensors; one that leaves none is taken for option A."""
    blocks = {match[0] for key in shapes if (match := BLOCK.match(key))}
    if any(key.endswith("merge.gate.weight") for key in shapes):
        return Gated()
    if any(re.search(r"downsample\.1\.weight$", key) and len(shape) == 4 for key, shape in shapes.items()):
        return AveragePool()
    projecting = {block for block in blocks if f"{block}downsample.0.weight" in shapes}
    normalised = any(key.endswith("downsample.1.weight") for key in shapes)
    if not projecting:
        return ZeroPadding()
    everywhere = projecting == blocks and len(blocks) > len(_depths(shapes))
    bare_on_all = everywhere and not normalised and "norm.weight" not in shapes
    return Convolved() if bare_on_all else Projection(everywhere=everywhere)
