"""What a block computes: its convolutions, where normalisation and activation stand, and its skip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from resnetlab.analysis.graph import Graph
from resnetlab.analysis.residual_additions import ResidualAddition
from resnetlab.analysis.skip_forms import SkipForm, skip_form
from resnetlab.analysis.steps import Weighted, main_way, weighted_on, word_of, words

BlockKind = Literal["basic", "bottleneck", "inverted bottleneck", "other"]
Order = Literal["post", "pre", "other"]


@dataclass(frozen=True)
class BlockForm:
    """One block of a network, residual or not.

    Attributes:
        place: the module it is, or its first and last layers where no module holds it alone.
        start: index of the fork in the graph.
        end: index of its sum, or of its last operation where nothing is added.
        convolutions: the weighted layers on the branch, in order; those of gates and of the skip are not among them.
        beside: weighted layers on the branch that stand neither on its main way nor in a gate.
        steps: the branch in words, as ("conv", "norm", "act", "conv", "norm").
        before: steps between the block before and this one's fork.
        after: steps between this one's sum and the next block, or the head.
        skip: the way round.
        taken, given: channels of the fork and of the sum.
        size_taken, size_given: height and width of both.
        squeezed: channels inside squeeze-and-excitation; 0 without it.
        last_norm: name of the scale γ of the norm that ends the branch; empty where none does.
        overwritten: the branch's activation in place writes over what the skip passes on.
    """

    place: str
    start: int
    end: int
    convolutions: tuple[Weighted, ...]
    beside: int
    steps: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    skip: SkipForm
    taken: int
    given: int
    size_taken: tuple[int, ...]
    size_given: tuple[int, ...]
    squeezed: int = 0
    last_norm: str = ""
    overwritten: bool = False

    @cached_property
    def kind(self) -> BlockKind:
        """By its convolutions: two k×k, or 1×1, k×k, 1×1, narrow or wide in the middle."""
        if self.beside or any(layer.is_linear for layer in self.convolutions):
            return "other"
        kernels = [layer.kernel for layer in self.convolutions]
        spatial = [kernel != (1, 1) for kernel in kernels]
        if spatial == [True, True] and not any(layer.groups > 1 for layer in self.convolutions):
            return "basic"
        depthwise = any(layer.is_depthwise for layer in self.convolutions)
        if spatial == [False, True, False]:
            grouped = any(layer.groups > 1 for layer in self.convolutions)
            linear = depthwise or (grouped and "act" not in self.after)  # no activation where it is narrow
            return "inverted bottleneck" if linear and self.inner > self.given else "bottleneck"
        return "inverted bottleneck" if depthwise and spatial == [True, False] else "other"

    @property
    def inner(self) -> int:
        """Channels that the k×k convolution of a bottleneck, or the first of a basic block, gives."""
        middle = self.convolutions[len(self.convolutions) // 2 if len(self.convolutions) > 2 else 0]
        return middle.outputs

    @property
    def lead(self) -> tuple[str, ...]:
        """Steps of the branch before its first weighted layer."""
        return self.steps[: next((at for at, word in enumerate(self.steps) if word in ("conv", "linear")), None)]

    @property
    def tail(self) -> tuple[str, ...]:
        """Steps of the branch after its last weighted layer."""
        last = max((at for at, word in enumerate(self.steps) if word in ("conv", "linear")), default=-1)
        return self.steps[last + 1 :]

    @property
    def order(self) -> Order:
        """Whether norm and activation follow the convolutions (He et al. 2015) or come first (He et al. 2016)."""
        if self.overwritten:
            return "pre"
        shared = self.before[-2:] == ("norm", "act") and "norm" not in self.tail
        if {"norm", "act"} & set(self.lead) or shared:
            return "pre"
        return "post" if "norm" in self.tail or self.after[:1] == ("act",) or "act" in self.before[-1:] else "other"

    @property
    def stride(self) -> int:
        """How much smaller the image gets, by the branch's convolutions or else by its size."""
        carried = prod(layer.stride for layer in self.convolutions)
        if carried > 1:
            return carried
        if self.size_taken and self.size_given and self.size_given[0]:
            return round(self.size_taken[0] / self.size_given[0])
        return 1

    @property
    def strided(self) -> tuple[Weighted, ...]:
        """The convolutions on the branch that carry a stride."""
        return tuple(layer for layer in self.convolutions if layer.stride > 1)

    @property
    def changes_shape(self) -> bool:
        """Whether the identity could not be added."""
        return self.taken != self.given or self.size_taken != self.size_given


def residual_block(
    graph: Graph, addition: ResidualAddition, before: tuple[str, ...], after: tuple[str, ...], shared_module: bool
) -> BlockForm:
    """Describes the block of a residual addition.

    Args:
        before, after: steps between it and its neighbours.
        shared_module: its module contains other blocks too.
    """
    way = main_way(graph, addition.fork, addition.branch_end)
    convolutions = weighted_on(graph, way)
    gates = _gates(graph, addition.fork, way)
    in_gates = set().union(*gates)
    beside = sum(graph.is_weighted(at) for at in addition.branch if at not in way and at not in in_gates)
    fork, total = graph[addition.fork], graph[addition.sum]
    return BlockForm(
        place=place_of(addition.module, convolutions, shared_module),
        start=addition.fork,
        end=addition.sum,
        convolutions=convolutions,
        beside=beside,
        steps=words(graph, way),
        before=before,
        after=after,
        skip=skip_form(graph, addition),
        taken=fork.channels,
        given=total.channels,
        size_taken=fork.size,
        size_given=total.size,
        squeezed=_squeezed(graph, gates),
        last_norm=_last_norm(graph, way),
        overwritten=_overwritten(graph, addition),
    )


def plain_block(
    graph: Graph, start: int, way: tuple[int, ...], before: tuple[str, ...], after: tuple[str, ...]
) -> BlockForm:
    """Describes a stretch of layers that computes what a block's branch does, with nothing added to it."""
    convolutions = weighted_on(graph, way)
    gates = _gates(graph, start, way)
    return BlockForm(
        place=place_of("", convolutions, True),
        start=start,
        end=way[-1],
        convolutions=convolutions,
        beside=0,
        steps=words(graph, way),
        before=before,
        after=after,
        skip=SkipForm("none"),
        taken=graph[start].channels,
        given=graph[way[-1]].channels,
        size_taken=graph[start].size,
        size_given=graph[way[-1]].size,
        squeezed=_squeezed(graph, gates),
        last_norm=_last_norm(graph, way),
    )


def place_of(module: str, convolutions: tuple[Weighted, ...], shared: bool) -> str:
    """What a block is called: its module, or its first and last layers where no module holds it alone."""
    if module and not shared:
        return module
    ends = [layer.name for layer in convolutions]
    parents = {name.rpartition(".")[0] for name in ends}
    if len(parents) == 1 and "" not in parents and not module:
        return parents.pop()
    return " … ".join(dict.fromkeys((ends[0], ends[-1]))) if ends else module


def _gates(graph: Graph, start: int, way: tuple[int, ...]) -> list[set[int]]:
    """For each product of the way with numbers read off the data, the operations that compute those numbers."""
    on_way = (start, *way)
    found = []
    for at in way:
        if word_of(graph, at) == "gate":
            beside = tuple(source for source in graph.sources[at] if source not in on_way)
            found.append(set(graph.between(on_way, beside)))
    return found


def _squeezed(graph: Graph, gates: list[set[int]]) -> int:
    """Channels between the two weighted layers that read a gate off the means of the channels."""
    for gate in gates:
        layers = [at for at in sorted(gate) if graph.is_weighted(at)]
        if len(layers) == 2 and any(word_of(graph, at) == "mean" for at in gate):
            return graph[layers[0]].channels
    return 0


def _last_norm(graph: Graph, way: tuple[int, ...]) -> str:
    for at in reversed(way):
        if graph.is_weighted(at):
            return ""
        if word_of(graph, at) == "norm":
            scale = graph.argument(at, "weight")
            return scale.name if scale is not None else ""
    return ""


def _overwritten(graph: Graph, addition: ResidualAddition) -> bool:
    """Whether the fork is an activation in place that the block's own module ran on what the block was given."""
    fork = graph[addition.fork]
    return (
        fork.in_place
        and word_of(graph, addition.fork) == "act"
        and bool(addition.module)
        and f"{fork.module}.".startswith(f"{addition.module}.")
        and not f"{graph[fork.inputs[0]].module}.".startswith(f"{addition.module}.")
    )
