"""Specs and cards as plain JSON values, and back by a strict reading that names the place of what does not fit.

A part that may be of several kinds (a block, a shortcut, the network itself) carries the name of its kind, which is
looked up in the table below: no text of a file ever names a class, a module or a path.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.specs.densenet import DenseNetSpec
from resnetlab.specs.efficientnet import EfficientNetSpec
from resnetlab.specs.model import types_of_fields
from resnetlab.specs.network import NetworkSpec
from resnetlab.specs.parts import (
    AveragePool,
    Basic,
    Bottleneck,
    Convolved,
    DroppedOut,
    Gated,
    NoShortcut,
    Projection,
    RegNetBottleneck,
    Scaled,
    ZeroPadding,
)
from resnetlab.specs.vgg import VGGSpec

KINDS: dict[str, type] = {
    "residual network": NetworkSpec,
    "vgg": VGGSpec,
    "densenet": DenseNetSpec,
    "efficientnet": EfficientNetSpec,
    "basic": Basic,
    "bottleneck": Bottleneck,
    "regnet bottleneck": RegNetBottleneck,
    "none": NoShortcut,
    "zero-padding": ZeroPadding,
    "projection": Projection,
    "average pool": AveragePool,
    "scaled": Scaled,
    "gated": Gated,
    "dropout": DroppedOut,
    "1x1": Convolved,
}
KIND_OF = {kind: name for name, kind in KINDS.items()}

LONGEST_TEXT, LONGEST_LIST, LARGEST_NUMBER = 10_000, 100_000, 2**53  # the last is JSON's own for whole numbers

AnyData = TypeVar("AnyData")


def to_plain(value: Any) -> Any:
    """A frozen dataclass as dicts, lists, texts and numbers; `from_plain` reads it again.

    >>> to_plain(Projection(everywhere=True))
    {'kind': 'projection', 'everywhere': True}
    """
    if is_dataclass(value):
        kind = {"kind": KIND_OF[type(value)]} if type(value) in KIND_OF else {}
        return kind | {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    return list(map(to_plain, value)) if isinstance(value, tuple) else value


def from_plain(kind: type[AnyData], value: object, place: str = "") -> AnyData:
    """The dataclass of this kind, read strictly: every field there, none besides, each of its type.

    Args:
        kind: what is expected; a kind with several forms is told by the value's own "kind".
        value: plain values, as read from JSON; tuples may stand for lists.
        place: where it stands, for messages.

    Raises:
        CheckpointError: a value is missing, not expected or impossible; the message names its place.
    """
    if not isinstance(value, Mapping):
        raise _refusal(place, value, "an object")
    given = dict(value)
    chosen = kind if kind not in _families() else _chosen(kind, given.pop("kind", None), place)
    hints = types_of_fields(chosen)
    for name in hints.keys() ^ given.keys():
        raise CheckpointError(f"{_at(place, name)} is {'missing' if name in hints else 'not expected'}")
    parts = {name: read_value(hint, given[name], _at(place, name)) for name, hint in hints.items()}
    try:
        return chosen(**parts)
    except (ResnetlabError, ArithmeticError, ValueError) as wrong:
        raise CheckpointError(f"{place or 'it'} is impossible: {wrong}") from wrong


def read_value(hint: Any, value: object, place: str) -> Any:
    """A plain value as what a field's type asks for.

    Raises:
        CheckpointError: it is of another type, or impossible; the message names its place.
    """
    origin, options = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return (
            None if value is None else read_value(next(one for one in options if one is not type(None)), value, place)
        )
    if origin is Literal:
        return _checked(value in options, value, place, ", ".join(map(str, options)))
    if origin is tuple:
        exact = None if Ellipsis in options else len(options)
        fits = isinstance(value, list | tuple) and len(value) <= LONGEST_LIST and exact in (None, len(value))
        items = _checked(fits, value, place, f"a list of {exact or f'up to {LONGEST_LIST}'} values")
        return tuple(read_value(options[0], item, f"{place}[{number}]") for number, item in enumerate(items))
    if is_dataclass(hint):
        return from_plain(hint, value, place)  # type: ignore[arg-type]  # hints are classes, not instances
    return _number_or_text(hint, value, place)


def _number_or_text(hint: type, value: object, place: str) -> Any:
    if hint is bool:
        return _checked(isinstance(value, bool), value, place, "true, false")
    if hint is str:
        fits = isinstance(value, str) and len(value) <= LONGEST_TEXT and _is_unicode(value)
        return _checked(fits, value, place, f"a text of up to {LONGEST_TEXT} characters")
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER
    fits = number and (hint is not int or isinstance(value, int))
    allowed = f"a {'whole' if hint is int else 'finite'} number below {LARGEST_NUMBER}"
    return hint(_checked(fits, value, place, allowed))


def _is_unicode(text: str) -> bool:
    """Whether a text can be written; names of files that are not UTF-8 come with parts that cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(fits: bool, value: Any, place: str, allowed: str) -> Any:
    if not fits:
        raise _refusal(place, value, allowed)
    return value


def _refusal(place: str, value: object, allowed: str) -> CheckpointError:
    return CheckpointError(f"{place or 'it'}={str(value)[:80]!r} is impossible\nallowed: {allowed}")


def _chosen(kind: type, name: object, place: str) -> type:
    possible = {word: one for word, one in KINDS.items() if issubclass(one, kind)}
    if not isinstance(name, str) or name not in possible:
        raise _refusal(_at(place, "kind"), name, ", ".join(possible))
    return possible[name]


def _at(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


@cache
def _families() -> frozenset[type]:
    """The base classes of the kinds, and the kinds themselves."""
    return frozenset(base for kind in KINDS.values() for base in kind.__mro__[:-1])
