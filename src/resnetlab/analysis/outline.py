"""A network as its paper would print it: a row for every stage, with equal blocks written once.

He et al. 2015 print their networks so in Table 1. The rows come from a run without data, so any module has them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from torch import nn

from resnetlab.analysis.blocks import find_blocks
from resnetlab.analysis.complexity import LayerCost, measure_complexity
from resnetlab.analysis.shortcut_layers import POOLS, shortcut_layers

SQUEEZES = ("SqueezeExcitation", "SqueezeExcite", "SEModule")  # torchvision's name for it, and timm's two


@dataclass(frozen=True)
class BlockOutline:
    """Layers in a row, and how often they are repeated.

    Attributes:
        layers: each in words, as "3×3, 64": kernel, then output channels.
        times: how many such blocks follow each other.
        note: where the first of them differs: its stride.
    """

    layers: tuple[str, ...]
    times: int = 1
    note: str = ""


@dataclass(frozen=True)
class StageOutline:
    """One row of the table.

    Attributes:
        name: the module whose blocks these are, or the first and the last of its layers.
        size: height and width of the stage's output; empty where it is a vector.
        blocks: from input to output.
        params: trainable parameters, those on shortcuts included.
        macs: multiply-adds for one image, those on shortcuts included.
    """

    name: str
    size: tuple[int, ...]
    blocks: tuple[BlockOutline, ...]
    params: int
    macs: int


def outline(model: nn.Module, input_size: tuple[int, ...]) -> tuple[StageOutline, ...]:
    """Outlines any module, stage by stage; the module itself is not touched.

    A stage is what stands in one container of blocks, or layers outside blocks whose outputs are of one size. Pooling
    belongs to what comes after it. Layers on shortcuts are counted but not named, as in the paper's table.

    Args:
        model: any module that takes one tensor.
        input_size: one image, (channels, height, width).

    Example:
        >>> [stage.blocks[0].layers for stage in outline(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten()), (3, 9, 9))]
        [('3×3, 8',)]

    Raises:
        ResnetlabError: the model cannot take this size.
    """
    stages: list[list[_Unit]] = []
    rows = measure_complexity(model, input_size).layers
    for unit in _units(model, rows, shortcut_layers(model, input_size)):
        if stages and _belongs(unit, stages[-1]):
            stages[-1].append(unit)
        else:
            stages.append([unit])
    return tuple(_stage(units) for units in stages)


@dataclass
class _Unit:
    """One block, or one layer that stands in no block."""

    name: str
    stage: str
    is_pool: bool = False
    size: tuple[int, ...] = ()
    lines: list[str] = field(default_factory=list)
    strides: list[str] = field(default_factory=list)
    params: int = 0
    macs: int = 0


def _units(model: nn.Module, rows: Sequence[LayerCost], on_shortcut: Collection[str]) -> list[_Unit]:
    modules, blocks = dict(model.named_modules()), find_blocks(model)
    units: list[_Unit] = []
    for row in rows:
        module = modules[row.name]
        block = next((name for name in blocks if row.name.startswith(f"{name}.")), "")
        text = "" if row.name in on_shortcut else _in_words(module, row, modules, inside=bool(block))
        if (block and (not units or units[-1].name != block)) or (not block and text) or not units:
            stage = _stage_of(block, modules) if block else ""
            units.append(_Unit(block or row.name, stage, is_pool=not block and isinstance(module, POOLS)))
        unit = units[-1]
        unit.size = tuple(row.shape[1:]) if block or text else unit.size
        unit.params += row.params
        unit.macs += row.macs
        if text:
            unit.lines.append(text)
            strided = isinstance(module, nn.Conv2d) and _stride(module) > 1
            unit.strides += [f"stride {_stride(module)} in its {text.split(',')[0]}"] if strided else []
    return units


def _stage_of(block: str, modules: dict[str, nn.Module]) -> str:
    """The container that holds the block and others like it; else the block itself."""
    container = block.rpartition(".")[0]
    alike = {type(child) for child in modules[container].children()}
    return container if len(alike) == 1 else block


def _belongs(unit: _Unit, stage: list[_Unit]) -> bool:
    """Whether the unit continues the stage."""
    last = stage[-1]
    if last.is_pool:  # opens a stage, unless what follows is of another size
        return last.size == unit.size or not unit.size
    if unit.is_pool:
        return False
    return last.stage == unit.stage and (bool(unit.stage) or last.size == unit.size)


def _stage(units: list[_Unit]) -> StageOutline:
    named = [unit for unit in units if not unit.is_pool] or units
    ends = dict.fromkeys((named[0].stage or named[0].name, named[-1].stage or named[-1].name))
    return StageOutline(
        name=" … ".join(ends),
        size=units[-1].size,
        blocks=tuple(_merged(units)),
        params=sum(unit.params for unit in units),
        macs=sum(unit.macs for unit in units),
    )


def _merged(units: Iterable[_Unit]) -> Iterable[BlockOutline]:
    for lines, alike in groupby(units, key=lambda unit: tuple(unit.lines)):
        run = list(alike)
        yield BlockOutline(lines, len(run), _note(run[0]))


def _note(first: _Unit) -> str:
    """The stride that the first of equal blocks has, and the others have not."""
    return f"the first with {' and '.join(first.strides)}" if first.stage and first.strides else ""


def _in_words(module: nn.Module, row: LayerCost, modules: dict[str, nn.Module], inside: bool) -> str:
    """The layer as a table prints it; empty where it is not printed."""
    if type(modules[row.name.rpartition(".")[0]]).__name__ in SQUEEZES:
        return f"SE, {row.shape[0]}" if row.name.endswith(("fc1", "conv_reduce")) else ""
    match module:
        case nn.Conv2d():
            depthwise = module.groups == module.in_channels > 1
            kind = " depthwise" if depthwise else ""
            groups = f", {module.groups} groups" if module.groups > 1 and not depthwise else ""
            stride = f", stride {_stride(module)}" if not inside and _stride(module) > 1 else ""
            return f"{_sides(module.kernel_size)}{kind}, {module.out_channels}{groups}{stride}"
        case nn.Linear():
            return f"{module.out_features}-d fc"
        case nn.MaxPool2d() | nn.AvgPool2d():
            kind = "max" if isinstance(module, nn.MaxPool2d) else "average"
            return f"{_sides(module.kernel_size)} {kind} pool, stride {_stride(module)}"
        case nn.AdaptiveAvgPool2d():
            return "average pool" + ("" if tuple(row.shape[1:]) == (1, 1) else f" to {_sides(row.shape[1:])}")
    return ""


def _stride(module: nn.Module) -> int:
    stride = getattr(module, "stride", 1)
    return int(stride[0]) if isinstance(stride, tuple) else int(stride)


def _sides(size: int | Sequence[int]) -> str:
    """
    >>> _sides(3), _sides((1, 7))
    ('3×3', '1×7')
    """
    return f"{size}×{size}" if isinstance(size, int) else "×".join(map(str, size))
