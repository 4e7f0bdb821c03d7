"""Where a network adds a branch to a skip: every residual addition, told by the computation alone.

An addition is residual if its two sides come of one tensor, the fork; if one side has more weighted operations than
the other, the branch; and if the other, the skip, has one at most. Sums of equal branches, biases, positions and the
products of squeeze-and-excitation are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resnetlab.analysis.graph import Graph


@dataclass(frozen=True)
class ResidualAddition:
    """One sum H = F + S.

    Attributes:
        sum: index of the addition in the graph.
        fork: of the operation whose tensor both sides start from.
        branch: of the operations on F, in order; empty where F is another addition's sum.
        skip: of the operations on S; empty where S is the fork itself.
        branch_end: of the operation that gave F, one of the addition's inputs.
        skip_end: of the operation that gave S, the other.
        module: the innermost module that contains both sides and the sum; "" is the whole network.
    """

    sum: int
    fork: int
    branch: tuple[int, ...]
    skip: tuple[int, ...]
    branch_end: int
    skip_end: int
    module: str


def find_residual_additions(graph: Graph) -> tuple[ResidualAddition, ...]:
    """Finds every residual addition that the output needs, in the order of the run."""
    found = (_residual(graph, operation.index) for operation in graph if operation.kind == "add")
    return tuple(addition for addition in found if addition is not None)


def blocks_on_trunk(graph: Graph, additions: Iterable[ResidualAddition]) -> tuple[ResidualAddition, ...]:
    """Those of the additions that every way from the image to the output passes: none that stands inside another."""
    trunk = set(graph.trunk)
    return tuple(addition for addition in additions if addition.sum in trunk)


def _residual(graph: Graph, index: int) -> ResidualAddition | None:
    shape, sources = graph[index].shape, tuple(dict.fromkeys(graph.sources[index]))
    if index not in graph.needed or len(sources) != 2 or any(graph[end].shape != shape for end in sources):
        return None
    fork = graph.dominators[index]
    sides = {end: graph.between((fork,), (end,)) for end in sources}
    weighted = {end: sum(map(graph.is_weighted, side)) for end, side in sides.items()}
    skip_end, branch_end = sorted(sources, key=lambda end: weighted[end])
    if weighted[skip_end] > 1 or weighted[skip_end] == weighted[branch_end]:
        return None
    if not weighted[skip_end] and graph[fork].channels > graph[index].channels:
        return None  # a part of the fork's channels is not the fork
    inside = (*sides[branch_end], *sides[skip_end], index)
    module = common_module(graph[at].module for at in inside)
    return ResidualAddition(index, fork, sides[branch_end], sides[skip_end], branch_end, skip_end, module)


def common_module(modules: Iterable[str]) -> str:
    """The innermost module that contains all of these.

    >>> common_module(["layer1.0.conv1", "layer1.0", "layer1.0.merge.on_skip"])
    'layer1.0'
    """
    paths = [module.split(".") for module in modules]
    shared = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared)
