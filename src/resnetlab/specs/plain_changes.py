"""Frozen dataclasses changed by plain values of a file: some fields, in parts of parts too, by name and type."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from resnetlab.core.errors import CheckpointError, ResnetlabError, UnknownNameError
from resnetlab.specs.model import types_of_fields
from resnetlab.specs.plain import read_value

AnyData = TypeVar("AnyData")


def changed_by(data: AnyData, changes: Mapping[str, Any], source: str, place: str = "") -> AnyData:
    """A copy with other values in some fields.

    Args:
        data: a frozen dataclass.
        changes: plain values by the name of their field; those of a part by name in turn.
        source: where they come from, for messages.
        place: of `data` within what is changed.

    Raises:
        UnknownNameError: no such field; names the nearest.
        ResnetlabError: a value is impossible.
    """
    hints = types_of_fields(type(data))  # type: ignore[arg-type]  # a class is hashable
    new = {}
    for name, value in changes.items():
        where = f"{place}.{name}" if place else name
        if name not in hints:
            raise UnknownNameError("key", where, [f"{place}.{known}" if place else known for known in hints], source)
        part = getattr(data, name)
        if is_dataclass(part) and isinstance(value, Mapping):
            new[name] = changed_by(part, value, source, where)
        else:
            new[name] = _value(hints[name], value, where, source)
    try:
        return replace(data, **new)  # type: ignore[type-var]  # it is a dataclass
    except ResnetlabError as error:
        raise ResnetlabError(f"{source}: {error}" if source else str(error)) from error


def _value(hint: Any, value: object, where: str, source: str) -> Any:
    if get_origin(hint) is Annotated:
        return _value(get_args(hint)[0], value, where, source)
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if Path in options and isinstance(value, str):
        return Path(value)
    if str in options and isinstance(value, str):  # it may name a file, by bytes that are no text
        return value
    if float in options and isinstance(value, str):  # YAML 1.1 takes 1e-4 for a text
        with contextlib.suppress(ValueError):
            value = float(value)
    try:
        return read_value(hint, value, where)
    except CheckpointError as error:
        raise ResnetlabError(f"{source}: {error}" if source else str(error)) from error
