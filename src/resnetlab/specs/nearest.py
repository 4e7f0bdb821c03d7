"""The row of the zoo that a network is nearest to."""

from __future__ import annotations

from typing import Any

from resnetlab.specs import ZOO
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.network import NetworkSpec

WHOLE_PART = 4  # fields that a part given anew counts for


def as_row(spec: ModelSpec) -> ModelSpec:
    """The same network written as a row of the zoo with the fewest fields changed.

    >>> from resnetlab.specs import find_spec
    >>> as_row(find_spec("resnet34").but(name="mine", depths=(2, 2, 2, 2), num_classes=7)).name
    'resnet18[num_classes=7]'

    Args:
        spec: a network of any name.
    """
    rows = [row for row in ZOO.values() if type(row) is type(spec)]
    changes = {row.name: _changes(row, spec) for row in rows}
    nearest = min(
        rows, key=lambda row: sum(WHOLE_PART if name in ("block", "stem") else 1 for name in changes[row.name])
    )
    return nearest.with_fields(**changes[nearest.name])


def _changes(row: ModelSpec, spec: ModelSpec) -> dict[str, Any]:
    """The fields of the row that the spec has otherwise; parts of another kind, and stems of another width, whole."""
    here, there = row.field_values(), spec.field_values()
    changes = {name: there[name] for name in here if name in there and here[name] != there[name]}
    if isinstance(row, NetworkSpec) and isinstance(spec, NetworkSpec):
        if type(row.block) is not type(spec.block):
            own = {*row.block.__dataclass_fields__}
            changes = {name: value for name, value in changes.items() if name not in own} | {"block": spec.block}
        if row.stem.width != spec.stem.width:
            changes |= _of_another_width(row, spec, changes)
    return changes


def _of_another_width(row: NetworkSpec, spec: NetworkSpec, changes: dict[str, Any]) -> dict[str, Any]:
    scaled = row.scaled_to(spec.width)
    if (scaled["stem"].width, scaled["widths"]) == (spec.stem.width, spec.stages.widths):
        changes.pop("widths")
        return {"width": spec.width}
    for name in spec.stem.__dataclass_fields__:
        changes.pop(name, None)
    return {"stem": spec.stem}
