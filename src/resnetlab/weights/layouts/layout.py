"""What the tensors of a network are called elsewhere: one table a library and family, read in both directions.

A row pairs a module's path in our networks with its path in theirs. `{s}` stands for the same word or number on both
sides, `{s-1}` for a number that is one less; the first row that fits a path translates it, and a path that no row fits
stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from torch import Tensor

from resnetlab.core.errors import WeightsError
from resnetlab.specs import ZOO, DenseNetSpec, EfficientNetSpec, ModelSpec, NetworkSpec, VGGSpec
from resnetlab.specs.field_text import text_of
from resnetlab.specs.parts import RegNetBottleneck
from resnetlab.specs.preprocessing import Preprocessing

Rows = tuple[tuple[str, str], ...]
Translation = Callable[[str], str]
PLACE = re.compile(r"\{(\w+?)([+-]\d+)?\}")


def family_of(spec: ModelSpec) -> str:
    """The family of networks whose tensors are named alike."""
    if isinstance(spec, NetworkSpec):
        if isinstance(spec.block, RegNetBottleneck):
            return "regnet"
        return "resnet" if spec.block.order == "post" else "preactivation resnet"
    return {VGGSpec: "vgg", DenseNetSpec: "densenet", EfficientNetSpec: "efficientnet"}[type(spec)]


@dataclass(frozen=True)
class Layout:
    """How one library names the tensors of one family of networks.

    Args:
        library: whose names these are.
        family: of networks, as `family_of` tells it.
        rows: pairs of module paths, ours and theirs.
        marks: tensors by which a state dict in these names is known, in theirs.
        limits: fields of a spec that this library builds with these values only.
        kernels: layers that are linear here and convolutions there: the side of their kernel, by our path.
        preprocessing: what these networks are usually shown, where their authors' code says so.
        strangers: networks that this library alone computes so, by a tensor of theirs and its first side.
        strange: what is so in them.
    """

    library: str
    family: str
    rows: Rows = ()
    marks: tuple[str, ...] = ()
    limits: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    kernels: Mapping[str, int] = field(default_factory=dict)
    preprocessing: Preprocessing | None = None
    strangers: Mapping[tuple[str, int], str] = field(default_factory=dict)
    strange: str = ""

    def recognises(self, keys: Collection[str]) -> bool:
        """Whether these keys carry the marks of the layout."""
        return all(mark in keys for mark in self.marks)

    def refuse_strangers(self, state: Mapping[str, object]) -> None:
        """Pass where tensors in these names compute the same in a network of another's with the same tensors.

        Raises:
            WeightsError: names their network, what is strange in it, and the way to have it.
        """
        for (key, side), name in self.strangers.items():
            if tuple(getattr(state.get(key), "shape", ()))[:1] == (side,):
                raise WeightsError(
                    f"these are weights of {self.library}'s {name}, where {self.strange}\n"
                    f"fill {self.library}'s own network with them, or take {self.library}:{name}@DEFAULT"
                )

    def obstacle(self, spec: ModelSpec) -> str | None:
        """What keeps this library from computing a network as we do: the first field that it builds otherwise."""
        known = {*spec.changeable_fields(), "stem", "shortcut"}
        for name, allowed in self.limits.items():
            value = spec.field_value(name) if name in known else allowed[0]
            if value not in allowed:
                return f"{name}={text_of(value)} (there: {', '.join(map(text_of, allowed))})"
        return None

    def our_name(self, key: str) -> str:
        """The name that a tensor of theirs has in our networks."""
        return _translate(key, self._to_ours)

    def their_name(self, key: str) -> str:
        """The name that a tensor of ours has in theirs."""
        return _translate(key, self._to_theirs)

    def our_value(self, name: str, tensor: Tensor) -> Tensor:
        """Their tensor in the shape that ours has; only convolutions that are linear layers here change theirs.

        Args:
            name: ours.
            tensor: theirs.
        """
        is_kernel = name.removesuffix(".weight") in self.kernels and isinstance(tensor, Tensor) and tensor.dim() == 4
        return tensor.flatten(1) if is_kernel else tensor

    def their_value(self, name: str, tensor: Tensor) -> Tensor:
        """Our tensor in the shape that theirs has, a view of the same numbers."""
        side = self.kernels.get(name.removesuffix(".weight"))
        return tensor.unflatten(1, (-1, side, side)) if side and name.endswith(".weight") else tensor

    @cached_property
    def _to_ours(self) -> tuple[tuple[re.Pattern[str], Translation], ...]:
        return tuple(_rule(theirs, ours) for ours, theirs in self.rows)

    @cached_property
    def _to_theirs(self) -> tuple[tuple[re.Pattern[str], Translation], ...]:
        return tuple(_rule(ours, theirs) for ours, theirs in self.rows)


def as_in(name: str, *fields: str) -> dict[str, tuple[Any, ...]]:
    """The limits of a library that builds, in these fields, what the zoo's row of this name has."""
    return {field: (ZOO[name].field_value(field),) for field in fields}


def _translate(key: str, rules: tuple[tuple[re.Pattern[str], Translation], ...]) -> str:
    module, dot, tensor = key.rpartition(".")
    for pattern, translation in rules:
        if pattern.fullmatch(module):
            return translation(module) + dot + tensor
    return key


def _rule(source: str, target: str) -> tuple[re.Pattern[str], Translation]:
    """The pattern that finds a path written as `source`, and what writes it as `target`.

    >>> pattern, translation = _rule("stages.{s-1}.layers.{b}.norm", "layer{s}.{b}.bn")
    >>> translation("stages.0.layers.2.norm")
    'layer1.2.bn'
    """
    shifts = {name: int(shift or 0) for name, shift in PLACE.findall(source)}
    numbers = {name for name, shift in PLACE.findall(source + target) if shift}
    seen = set[str]()

    def group(place: re.Match[str]) -> str:
        name = place[1]
        if name in seen:
            return rf"(?P={name})"
        seen.add(name)
        return rf"(?P<{name}>\d{{1,6}})" if name in numbers else rf"(?P<{name}>\w+)"

    pattern = re.compile(PLACE.sub(group, source.replace(".", r"\.")))

    def translate(module: str) -> str:
        found = pattern.fullmatch(module)
        assert found is not None

        def put(place: re.Match[str]) -> str:
            word, shift = found[place[1]], int(place[2] or 0) - shifts[place[1]]
            return str(int(word) + shift) if shift else word

        return PLACE.sub(put, target)

    return pattern, translate
