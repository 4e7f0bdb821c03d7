"""Where on the trunk blocks stand: the residual ones, and stretches that compute what their branches do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from resnetlab.analysis.graph import Graph
from resnetlab.analysis.residual_additions import ResidualAddition
from resnetlab.analysis.steps import Weighted, describe_weighted, weighted_on, word_of


@dataclass(frozen=True)
class Span:
    """A block's place on the trunk: positions of what it starts from and of what it gives."""

    start: int
    end: int
    addition: ResidualAddition | None


def find_spans(graph: Graph, additions: tuple[ResidualAddition, ...]) -> list[Span]:
    """The places of all blocks: of these additions, and of what computes a branch between them and adds nothing."""
    position = {index: at for at, index in enumerate(graph.trunk)}
    residual = [Span(position[each.fork], position[each.sum], each) for each in additions]
    branches = (weighted_on(graph, each.branch) for each in additions)
    shapes = Counter(tuple(layer.signature for layer in _without_gates(branch)) for branch in branches)
    found: list[Span] = []
    before = 0
    for span in (*residual, Span(len(graph.trunk), len(graph.trunk), None)):
        found += _plain_spans(graph, before, span.start, shapes)
        found += [span] if span.addition is not None else []
        before = span.end
    return found


def _without_gates(branch: tuple[Weighted, ...]) -> tuple[Weighted, ...]:
    return tuple(layer for layer in branch if layer.size != (1, 1) and not layer.is_linear)


def _plain_spans(graph: Graph, after: int, until: int, shapes: Counter[tuple[str, ...]]) -> list[Span]:
    """Stretches of the trunk that have the layers of a branch; in the stem only those with a depthwise convolution."""
    places = [at for at in range(after + 1, min(until + 1, len(graph.trunk))) if graph.is_weighted(graph.trunk[at])]
    layers = [describe_weighted(graph, graph.trunk[at]).signature for at in places]
    found, at = [], 0
    while at < len(places):
        fits = (shape for shape in shapes if shape and tuple(layers[at : at + len(shape)]) == shape)
        shape = next(fits, ())
        if not shape or (after == 0 and not any("depthwise" in kernel for kernel in shape)):
            at += 1
            continue
        last = places[at + len(shape) - 1]
        while last + 1 < len(graph.trunk) and word_of(graph, graph.trunk[last + 1]) in ("norm", "gate", "scale"):
            last += 1
        found.append(Span(places[at] - 1, last, None))
        at += len(shape)
    return found
