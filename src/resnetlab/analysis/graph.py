"""The recorded computation of a network: every operation with what it took, and the questions that are asked of it.

`recording.record_graph` makes it by running any module; nothing here knows how the module was written. Values and
operations are one: each operation gives one tensor, and an operation in place gives a new one under the old name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from resnetlab.analysis.calls import MadeBy
from resnetlab.analysis.operations import WEIGHTED


@dataclass(frozen=True)
class Operation:
    """One operation and the tensor it gave.

    Attributes:
        index: its place in the order of the run.
        kind: what it computes, in PyTorch's word without the marks of its variants: "convolution", "relu", "add";
            "input", "parameter" and "constant" stand for tensors that were there before.
        inputs: indexes of the operations whose tensors it took, in the order of its arguments.
        roles: names of those arguments, as "input", "weight", "bias".
        options: its other arguments by name, as "stride".
        shape: of the tensor it gave, images first.
        module: dotted path of the innermost module that was running; "" is the whole.
        in_place: it wrote over its first argument.
        name: of the parameter or buffer, as `named_parameters` gives it.
        depends_on_input: the tensor is computed from the image, and not from parameters alone.
        made_by: the call of an adding or squashing function that ran it; None for all else.
    """

    index: int
    kind: str
    inputs: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    module: str = ""
    in_place: bool = False
    name: str = ""
    depends_on_input: bool = False
    made_by: MadeBy | None = None

    @property
    def channels(self) -> int:
        """Of a feature map or a vector, the first dimension after the images; of a row of tokens, the last."""
        return (self.shape[-1] if len(self.shape) == 3 else self.shape[1]) if len(self.shape) > 1 else 0

    @property
    def size(self) -> tuple[int, ...]:
        """Height and width of a feature map; empty for what is none."""
        return self.shape[2:] if len(self.shape) == 4 else ()


@dataclass(frozen=True)
class Graph:
    """All operations of one run on one input.

    Attributes:
        operations: in the order of the run; an operation stands after all that it took.
        outputs: indexes of what the module gave, the first tensor first.
        looked_at_numbers: the module could run only with real numbers, so that another image may take another way.
    """

    operations: tuple[Operation, ...]
    outputs: tuple[int, ...]
    looked_at_numbers: bool = False

    def __getitem__(self, index: int) -> Operation:
        return self.operations[index]

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    @cached_property
    def output(self) -> int:
        """Index of the first tensor that the module gave."""
        return self.outputs[0]

    @cached_property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """For each operation those of its inputs that depend on the image."""
        return tuple(
            tuple(index for index in operation.inputs if self[index].depends_on_input) for operation in self.operations
        )

    @cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """For each operation those that take its tensor."""
        found: list[list[int]] = [[] for _ in self.operations]
        for operation in self.operations:
            for index in dict.fromkeys(operation.inputs):
                found[index].append(operation.index)
        return tuple(map(tuple, found))

    @cached_property
    def needed(self) -> frozenset[int]:
        """The operations that the outputs are computed from."""
        return frozenset(self.between((), self.outputs))

    @cached_property
    def dominators(self) -> tuple[int, ...]:
        """For each operation the last one that every way from the image to it passes; 0 where there is none.

        Paper: Cooper, Harvey & Kennedy 2001, "A Simple, Fast Dominance Algorithm", Figure 3, for a graph in order.
        """
        nearest = [0] * len(self.operations)
        for operation in self.operations:
            if self.sources[operation.index]:
                first, *others = self.sources[operation.index]
                for other in others:
                    while first != other:
                        first, other = (nearest[first], other) if first > other else (first, nearest[other])
                nearest[operation.index] = first
        return tuple(nearest)

    @cached_property
    def trunk(self) -> tuple[int, ...]:
        """The operations that every way from the image to the output passes, in order, both ends included."""
        way = [self.output]
        while way[-1] != 0:
            way.append(self.dominators[way[-1]])
        return tuple(reversed(way))

    def between(self, starts: tuple[int, ...], ends: tuple[int, ...]) -> tuple[int, ...]:
        """The operations on ways from the starts, which are left out, to the ends; only those of the image's data."""
        found: set[int] = set()
        ahead = [end for end in ends if end not in starts]
        while ahead:
            index = ahead.pop()
            if index not in found:
                found.add(index)
                ahead += [source for source in self.sources[index] if source not in starts]
        return tuple(sorted(found))

    @cached_property
    def weighted(self) -> frozenset[int]:
        """The convolutions, and the products of the data with learned weights."""
        layers = (at for at in self if at.kind in WEIGHTED and at.depends_on_input)
        return frozenset(layer.index for layer in layers if self.weight_name(layer.index))

    def is_weighted(self, index: int) -> bool:
        """Whether it is one of the weighted layers."""
        return index in self.weighted

    def argument(self, index: int, role: str) -> Operation | None:
        """The operation that gave the argument of this name."""
        operation = self[index]
        return self[operation.inputs[operation.roles.index(role)]] if role in operation.roles else None

    def parameters_of(self, index: int) -> frozenset[int]:
        """The parameters that the operation computes with, also those changed on the way."""
        found: set[int] = set()
        ahead = [at for at in self[index].inputs if not self[at].depends_on_input]
        while ahead:
            at = ahead.pop()
            if at not in found:
                found.add(at)
                ahead += self[at].inputs
        return frozenset(at for at in found if self[at].kind == "parameter")

    def stops_gradient(self, index: int) -> bool:
        """Whether it cuts what is computed from the image off from its gradient; a new tensor of zeros has none."""
        operation = self[index]
        if operation.kind != "detach" or not operation.depends_on_input:
            return False
        made_by = self[operation.inputs[0]].kind
        return not (made_by.endswith("_like") or made_by.startswith("new_"))

    def weight_name(self, index: int) -> str:
        """Name of the parameter that the operation computes with, also where it was changed on the way; else ""."""
        weight = self.argument(index, "weight")
        while weight is not None and weight.inputs:
            weight = self[weight.inputs[0]]
        return weight.name if weight is not None and weight.kind == "parameter" else ""
