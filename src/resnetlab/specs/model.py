"""What every row of the zoo has: a name, a source, what must come out, and fields that can be changed.

A variant is a row: `spec.but(name=..., shortcut=..., source=...)` is its difference from its parent, and
`spec.with_fields(shortcut="B")` is what a user writes as `resnet20[shortcut=B]`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, Self, get_type_hints

from resnetlab.core.errors import SpecError, UnknownNameError
from resnetlab.specs.checks import check
from resnetlab.specs.field_text import allowed_values, from_text, is_of_the_kind, text_of
from resnetlab.specs.papers import Deviation, Source

FIELDS_OF_TRAINING = ("drop_path", "dropout", "head_dropout", "init", "init_gain", "zero_init_last", "input_size")
"""They matter while a network is drawn or trained, and not for what it computes with given weights."""
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
        receptive_field: side of what a position of the last feature map sees, in pixels; None where that is the whole
            image, whatever its size, because a squeeze-and-excitation looks at all of it.
    """

    params: int | None = None
    macs: int | None = None
    top1: Top1 | None = None
    receptive_field: int | None = None


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
    deviations: tuple[Deviation, ...] = ()
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
        check(self, "init_gain", 0 < self.init_gain < math.inf, "above 0, and finite")
        smallest = f"{self.smallest_input} or more pixels, the smallest image that it can take"
        check(self, "input_size", self.input_size >= self.smallest_input, smallest)

    @property
    def depth(self) -> int:
        """The number in a paper's name for the network: its weighted layers, unless the paper counts otherwise."""
        return self.counted_depth or self.weighted_layers

    @property
    def weighted_layers(self) -> int:
        """Convolutions and linear layers, without shortcuts."""
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

        What was expected of the parent is not expected of the child, nor are its deviations, unless given. All
        changes are made at once, so that only their result has to be possible.

        Raises:
            UnknownNameError: a field that neither the spec nor its parts have.
            SpecError: a value that cannot be.
        """
        own = _field_names(self)
        fresh = {"expect": Expect(), "deviations": (), **changes}
        direct = {name: value for name, value in fresh.items() if name in own}
        parts = {name: direct.get(name, getattr(self, name)) for name in self._part_names()}
        for part_name, part in parts.items():
            nested = {name: changes[name] for name in _field_names(part) if name in changes and name not in own}
            direct[part_name] = replace(part, **nested)
        known = own.union(*map(_field_names, parts.values()))
        for name in changes:
            if name not in known:
                raise self._unknown_field(name)
        spec = replace(self, **direct)
        counts_anew = "counted_depth" in changes or spec.weighted_layers == self.weighted_layers
        return spec if counts_anew else replace(spec, counted_depth=None)

    def with_fields(self, **changes: Any) -> Self:
        """This row with fields changed, by value or by the short text of a model reference.

        It departs from its source where the row does, except in what the changed fields are about.

        >>> from resnetlab.specs import find_spec
        >>> find_spec("resnet20").with_fields(shortcut="B").name
        'resnet20[shortcut=B]'

        Raises:
            UnknownNameError: a field that this network does not have.
            SpecError: a value that cannot be.
        """
        parsed = {name: self._parse(name, given) for name, given in changes.items()}
        values = {name: value for name, value in parsed.items() if value != self.field_value(name)}
        if not values:
            return self
        written = _reference(self.name, {name: text_of(value) for name, value in values.items()})
        kept = tuple(deviation for deviation in self.deviations if values.keys().isdisjoint(deviation.fields))
        scaled = self.scaled_to(values.pop("width")) if "width" in values else {}
        return self.but(**{"name": written, "deviations": kept, **scaled, **values})

    @property
    def width(self) -> int:
        """Channels of the first stage, by which `with_fields(width=...)` scales all that follow in proportion."""
        raise SpecError(f"width cannot be set on {self.name}\nallowed: on residual networks")

    def scaled_to(self, width: int) -> dict[str, Any]:
        """The changes that give the same network another width, all stages in proportion."""
        raise NotImplementedError

    def changeable_fields(self) -> dict[str, type]:
        """Every field a reference may change, with the type of its value; not whole parts, which have no text."""
        found: dict[str, type] = {}
        for owner in (self, *self._parts()):
            for name, kind in types_of_fields(type(owner)).items():  # type: ignore[arg-type]  # a type is hashable
                if name not in IDENTITY_FIELDS and name not in self._part_names():
                    found.setdefault(name, kind)
        return found

    def field_value(self, name: str) -> Any:
        """The value of a field of the spec or of one of its parts.

        Raises:
            UnknownNameError: a field that neither has, or that tells where the row comes from.
        """
        if name not in (*self.changeable_fields(), *self._part_names()):
            raise self._unknown_field(name)
        return next(getattr(owner, name) for owner in (self, *self._parts()) if hasattr(owner, name))

    def field_values(self) -> dict[str, Any]:
        """The values of all changeable fields, by name."""
        owners = (self, *self._parts())
        return {
            name: next(getattr(owner, name) for owner in owners if hasattr(owner, name))
            for name in self.changeable_fields()
            if name != "width"  # a way to change many fields at once, not a field
        }

    def _part_names(self) -> tuple[str, ...]:
        nested = [field.name for field in fields(self) if is_dataclass(getattr(self, field.name))]
        return tuple(name for name in nested if name not in (*IDENTITY_FIELDS, "shortcut"))

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._part_names())

    def _unknown_field(self, name: str) -> UnknownNameError:
        known = sorted(self.changeable_fields())
        return UnknownNameError(f"field of {self.name}", name, known, f"fields: {', '.join(known)}")

    def _parse(self, name: str, given: Any) -> Any:
        """The value that a text stands for; a value that is no text stands for itself, if it is of the right kind."""
        now = self.field_value(name)
        if isinstance(now, str):
            return given
        try:
            value = from_text(name, given, now) if isinstance(given, str | float) else given
        except (ValueError, KeyError) as wrong:
            raise SpecError(
                f"{name}={given!r} is impossible in {self.name}\nallowed: {allowed_values(now)}"
            ) from wrong
        value = tuple(value) if isinstance(value, list) else value
        if not is_of_the_kind(name, value, now):
            raise SpecError(f"{name}={given!r} is impossible in {self.name}\nallowed: {allowed_values(now)}")
        return value


def _reference(name: str, changed: Mapping[str, str]) -> str:
    """The name with these fields in its brackets, beside those that stand there already.

    >>> _reference("resnet20[shortcut=B,width=8]", {"width": "4"})
    'resnet20[shortcut=B,width=4]'
    """
    row, _, inside = name.removesuffix("]").partition("[")
    already = dict(pair.split("=", 1) for pair in re.split(r",(?![^(]*\))", inside) if pair)
    return f"{row}[{','.join(f'{field}={text}' for field, text in {**already, **changed}.items())}]"


@cache
def types_of_fields(kind: Any) -> dict[str, Any]:
    """The types that the fields of a dataclass are annotated with, by name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _field_names(part: Any) -> set[str]:
    return {field.name for field in fields(part)}
