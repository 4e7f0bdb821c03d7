"""What every row of the zoo has: a name, a source, what must come out, and fields that can be changed.

A variant is a row: `spec.but(name=..., shortcut=..., source=...)` is its difference from its parent, and
`spec.with_fields(shortcut="B")` is what a user writes as `resnet20[shortcut=B]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Self, get_type_hints

from resnetlab.core.errors import SpecError, UnknownNameError
from resnetlab.specs.papers import Source
from resnetlab.specs.parts import SHORTCUTS, Shortcut, Squeeze, check

IDENTITY_FIELDS = ("name", "source", "deviations", "expect", "counted_depth")


@dataclass(frozen=True)
class Top1:
    """Published single-crop accuracy.

    Args:
        percent: of images classified right.
        said_by: who reports it, with table, or whose weights they are.
    """

    percent: float
    said_by: str


@dataclass(frozen=True)
class Expect:
    """What must come out of a row.

    Args:
        params: trainable parameters.
        macs: multiply-adds for one image of the row's input size.
        top1: published accuracy on the row's data set.
    """

    params: int | None = None
    macs: int | None = None
    top1: Top1 | None = None


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A network as pure data.

    Args:
        name: as the field says it.
        source: paper and table.
        deviations: where the row departs from its source.
        expect: what must come out.
        num_classes: outputs of the head.
        in_channels: of the image.
        input_size: side of the image the row is meant for, in pixels.
        init: how weights are drawn: "he" (fan-out, He et al. 2015b), "xavier", "pytorch" (each layer's default).
        init_gain: every convolution's draw is multiplied by this.
        counted_depth: the paper's own number, where it counts otherwise than `depth` does.
    """

    name: str
    source: Source
    deviations: tuple[str, ...] = ()
    expect: Expect = Expect()
    num_classes: int = 1000
    in_channels: int = 3
    input_size: int = 224
    init: str = "he"
    init_gain: float = 1.0
    counted_depth: int | None = None

    def __post_init__(self) -> None:
        check(self, "num_classes", self.num_classes >= 1, "1 or more")
        check(self, "in_channels", self.in_channels >= 1, "1 or more")
        check(self, "init", self.init in ("he", "xavier", "pytorch"), "he, xavier, pytorch")
        check(self, "init_gain", self.init_gain > 0, "above 0")

    @property
    def depth(self) -> int:
        """Weighted layers by the papers' counting: convolutions and linear layers, without shortcuts."""
        raise NotImplementedError

    @property
    def block_name(self) -> str:
        """What the network is made of, for tables."""
        raise NotImplementedError

    @property
    def has_skips(self) -> bool:
        """Whether anything goes round the layers."""
        raise NotImplementedError

    @property
    def smallest_input(self) -> int:
        """The smallest image side that the network can take, in pixels."""
        return 1

    def but(self, **changes: Any) -> Self:
        """A row that differs from this one; parts' fields are named directly.

        What was expected of the parent is not expected of the child, nor are its deviations, unless given.

        Raises:
            UnknownNameError: a field that neither the spec nor its parts have.
            SpecError: a value that cannot be.
        """
        fresh = {"expect": Expect(), "deviations": (), "counted_depth": None, **changes}
        own = {field.name for field in fields(self)}
        direct = {name: value for name, value in fresh.items() if name in own}
        spec = replace(self, **direct)
        nested = {name: value for name, value in fresh.items() if name not in own}
        for name, value in nested.items():
            spec = spec._with_part_field(name, value)
        return spec

    def with_fields(self, **changes: Any) -> Self:
        """This row with fields changed, by value or by the short text of a model reference.

        >>> from resnetlab.specs import find_spec
        >>> find_spec("resnet20").with_fields(shortcut="B").name
        'resnet20[shortcut=B]'

        Raises:
            UnknownNameError: a field that this network does not have.
            SpecError: a value that cannot be.
        """
        spec = self
        values = {name: self._parse(name, given) for name, given in changes.items()}
        for name, value in values.items():
            if name == "width":
                spec = spec.scaled_to(value)
            elif value != self.field_value(name):
                spec = spec.but(**{name: value})
        written = ",".join(f"{name}={_text(value)}" for name, value in values.items())
        return spec if spec == self else replace(spec, name=f"{self.name}[{written}]")

    def scaled_to(self, width: int) -> Self:
        """The same network with another width of its first stage, all stages in proportion."""
        raise SpecError(f"width={width} cannot be set on {self.name}\nallowed: residual networks of specs.zoo")

    def changeable_fields(self) -> dict[str, type]:
        """Every field a reference may change, with the type of its value."""
        found: dict[str, type] = {}
        for owner in (self, *self._parts()):
            for name, kind in get_type_hints(type(owner)).items():
                if name not in IDENTITY_FIELDS and name not in self._part_names():
                    found.setdefault(name, kind)
        return found

    def field_value(self, name: str) -> Any:
        """The value of a field of the spec or of one of its parts."""
        owner = next((owner for owner in (self, *self._parts()) if hasattr(owner, name)), None)
        if owner is None:
            known = sorted(self.changeable_fields())
            raise UnknownNameError(f"field of {self.name}", name, known, f"fields: {', '.join(known)}")
        return getattr(owner, name)

    def _part_names(self) -> tuple[str, ...]:
        nested = [field.name for field in fields(self) if is_dataclass(getattr(self, field.name))]
        return tuple(name for name in nested if name not in (*IDENTITY_FIELDS, "shortcut"))

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._part_names())

    def _with_part_field(self, name: str, value: Any) -> Self:
        for part_name in self._part_names():
            part = getattr(self, part_name)
            if name in {field.name for field in fields(part)}:
                return replace(self, **{part_name: replace(part, **{name: value})})
        known = sorted(self.changeable_fields())
        raise UnknownNameError(f"field of {self.name}", name, known, f"fields: {', '.join(known)}")

    def _parse(self, name: str, given: Any) -> Any:
        """The value that a text stands for; a value that is no text stands for itself, if it is of the right kind."""
        now = 1 if name == "width" else self.field_value(name)
        if isinstance(now, str):
            return given
        try:
            value = _from_text(name, given, now) if isinstance(given, str) else given
        except (ValueError, KeyError) as wrong:
            raise SpecError(f"{name}={given!r} is impossible in {self.name}\nallowed: {_allowed(now)}") from wrong
        value = tuple(value) if isinstance(value, list) else value
        if not _is_like(name, value, now):
            raise SpecError(f"{name}={given!r} is impossible in {self.name}\nallowed: {_allowed(now)}")
        return value


def _from_text(name: str, text: str, now: Any) -> Any:
    if isinstance(now, Shortcut):
        return SHORTCUTS[text]
    if name == "squeeze":
        return None if text == "none" else Squeeze(ratio=float(text))
    if isinstance(now, bool):
        return {"true": True, "false": False}[text.lower()]
    if isinstance(now, tuple):
        return tuple(int(number) for number in re.split(r"[/ ]", text))
    if is_dataclass(now):
        raise ValueError(f"a {_kind(now).__name__} has no short text")
    return type(now)(text)


def _is_like(name: str, value: Any, now: Any) -> bool:
    """Whether a value is of the kind that the field holds now."""
    if name == "squeeze":
        return value is None or isinstance(value, Squeeze)
    if isinstance(now, bool) or isinstance(value, bool):
        return isinstance(now, bool) and isinstance(value, bool)
    if isinstance(now, float):
        return isinstance(value, int | float)
    if isinstance(now, tuple):
        return isinstance(value, tuple) and all(isinstance(number, int) for number in value)
    return isinstance(value, _kind(now))


def _kind(value: Any) -> type:
    """The base class: Shortcut for a Projection, Block for a Bottleneck, int for an int."""
    kinds: list[type] = type(value).mro()
    return kinds[-2]


def _allowed(now: Any) -> str:
    if isinstance(now, Shortcut):
        return ", ".join(SHORTCUTS)
    if isinstance(now, bool):
        return "true, false"
    if isinstance(now, tuple):
        return "whole numbers joined by /, as in 3/4/6/3"
    if now is None or isinstance(now, Squeeze):
        return "none, a ratio above 0 and up to 1"
    if is_dataclass(now):
        return f"a {_kind(now).__name__} of resnetlab.specs.parts"
    return "a whole number" if isinstance(now, int) else "a number"


def _text(value: Any) -> str:
    names = {shortcut: name for name, shortcut in SHORTCUTS.items()}
    if isinstance(value, Shortcut):
        return names.get(value, repr(value))
    if isinstance(value, Squeeze) and value == Squeeze(ratio=value.ratio):
        return str(value.ratio)
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)
