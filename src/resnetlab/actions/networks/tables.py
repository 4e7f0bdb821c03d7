"""The zoo and its networks on a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from string import ascii_lowercase
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from resnetlab.actions.models import LayerRow, ModelRow, ModelSheet
from resnetlab.core.terminal import plain_table

if TYPE_CHECKING:
    from resnetlab.analysis import BlockOutline

MISSING = "–"
UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "K"), (1, ""))


def models_table(rows: list[ModelRow]) -> RenderableType:
    """A line for each network, those for images of one size together; where accuracies come from stands below."""
    sources = dict(zip(dict.fromkeys(row.top1_source for row in rows if row.top1_source), _marks(), strict=False))
    parts: list[RenderableType] = []
    for size in dict.fromkeys(row.input_size for row in rows):
        table = plain_table(
            *("model", "block", "depth", "skips", "parameters", "MACs", "field", "top-1"),
            whole=("model", "skips"),
            numbers=("depth", "parameters", "MACs", "field", "top-1"),
        )
        for row in (row for row in rows if row.input_size == size):
            table.add_row(Text(row.name, "bold"), *_cells(row, sources))
        parts += [Text(f"images of {size}×{size}", "dim"), table, Text("")]
    notes = [
        "MACs: multiply-adds for one image; field: receptive field of the last features, pixels or the whole image",
        *(["top-1 in per cent, published by"] if sources else []),
        *(f"  {mark}  {source}" for source, mark in sources.items()),
        f"{len(rows)} networks; one in full: resnetlab models show {rows[0].name}",
    ]
    return Group(*parts, Text("\n".join(notes), "dim"))


def _cells(row: ModelRow, sources: Mapping[str, str]) -> tuple[str, ...]:
    return (
        row.block,
        str(row.depth),
        "yes" if row.skips else "no",
        _count(row.params),
        _giga(row.macs),
        _field(row.receptive_field),
        f"{row.top1:.2f} {sources[row.top1_source]}" if row.top1 and row.top1_source else f"{MISSING}  ",
    )


def model_sheet(sheet: ModelSheet, with_layers: bool) -> RenderableType:
    """One network: what it is, its stages as in the paper's table, and if asked every layer."""
    row = sheet.row
    lines = [
        f"{row.source} · {sheet.address}",
        *(f"deviation: {deviation}" for deviation in sheet.deviations),
        f"{row.block} blocks, {row.depth} layers deep, {'with' if row.skips else 'without'} skips, "
        f"for images of {row.input_size}×{row.input_size}",
        f"{_count(row.params)} parameters · {_giga(row.macs)} multiply-adds · receptive field "
        f"{_count(row.receptive_field)} pixels"
        + (f" · top-1 {row.top1:.2f} % ({row.top1_source})" if row.top1 else ""),
        "",
    ]
    parts: list[RenderableType] = [Text(row.name, "bold"), Text("\n".join(lines)), _stages(sheet)]
    if with_layers:
        parts += [Text(""), _layers(sheet.layers)]
    else:
        parts.append(
            Text(f"\nevery layer with its shape: resnetlab models show {shlex.quote(row.name)} --layers", "dim")
        )
    return Group(*parts)


def _stages(sheet: ModelSheet) -> RenderableType:
    table = plain_table("stage", "output", "layers", "parameters", "MACs", numbers=("parameters", "MACs"))
    for stage in sheet.stages:
        size = "×".join(map(str, stage.size)) or "1×1"
        blocks = "\n".join(chain.from_iterable(map(_block, stage.blocks)))
        table.add_row(Text(stage.name, "bold"), size, blocks, _count(stage.params), _giga(stage.macs))
    return table


def _block(block: BlockOutline) -> list[str]:
    """The block as the paper prints it: its layers in a bracket, and how often."""
    if block.times == 1 and len(block.layers) == 1:
        return list(block.layers)
    width, height = max(map(len, block.layers)), len(block.layers)
    sides = zip(block.layers, _bracket(height), strict=True)
    lines = [f"{left} {text:<{width}} {right}" for text, (left, right) in sides]
    after = f" × {block.times}" if block.times > 1 else ""
    lines[height // 2 if height > 2 else 0] += after + (f", {block.note}" if block.note else "")
    return lines


def _bracket(height: int) -> list[tuple[str, str]]:
    if height == 1:
        return [("[", "]")]
    return [("⎡", "⎤"), *[("⎢", "⎥")] * (height - 2), ("⎣", "⎦")]


def _layers(layers: Iterable[LayerRow]) -> RenderableType:
    numbers = ("parameters", "MACs", "field")
    table = plain_table("layer", "kind", "output", *numbers, whole=("layer", "kind", "output"), numbers=numbers)
    for at in layers:
        shape = "×".join(map(str, at.shape))
        cost = _count(at.params or None), _giga(at.macs or None)
        table.add_row(at.name, at.kind, shape, *cost, _field(at.receptive_field))
    return table


def _marks() -> Iterator[str]:
    yield from ascii_lowercase


def _count(number: int | None) -> str:
    return MISSING if number is None else f"{number:,}"


def _field(pixels: int | None) -> str:
    return "all" if pixels is None else f"{pixels:,}"


def _giga(macs: int | None) -> str:
    """
    >>> _giga(4_089_184_256), _giga(40_551_040), _giga(2_000)
    ('4.09 G', '40.6 M', '2.00 K')
    """
    if macs is None:
        return MISSING
    unit, name = next((unit, name) for unit, name in UNITS if macs >= unit)
    digits = max(0, 3 - len(str(macs // unit)))
    return f"{macs / unit:.{digits}f} {name}".strip()
