"""Whether two networks compute the same function of their weights, however each is written.

Every operation gets a hash of what it computes and of the hashes it computes from; the names and numbers of weights
do not enter, their shapes do, and so does where a weight serves again. Equal hashes of two outputs mean the same
computation. What only rearranges memory, the order of the sides of a sum, and a linear layer written as a 1×1
convolution on one pixel make no difference.
"""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from math import prod

from resnetlab.analysis.graph import Graph, Operation
from resnetlab.analysis.operations import FREE
from resnetlab.analysis.steps import word_of

COMMUTING = frozenset({"add", "mul", "maximum", "minimum", "product"})
WHOLE = 2**31  # an end of a slice beyond any image


def fingerprint(graph: Graph) -> str:
    """The hash of the first output; equal for two networks that compute the same."""
    return fingerprints(graph)[graph.output]


def fingerprints(graph: Graph) -> tuple[str, ...]:
    """The hash of every operation."""
    found: list[str] = []
    joined: dict[int, list[str]] = {}  # what a concatenation joins, those inside it unfolded
    served: dict[int, set[str]] = {}  # for each parameter, what computed with it so far
    for operation in graph:
        inputs = [found[at] for at in operation.inputs]
        if _changes_nothing(graph, operation) and inputs:
            found.append(inputs[0])
            continue
        if operation.kind == "cat":
            inputs = joined[operation.index] = _unfolded(graph, operation, joined, found)
        elif _is_linear(graph, operation):
            inputs = [found[operation.inputs[0]], *_weight_made_of(graph, operation, found)]
        elif operation.kind in COMMUTING and operation.options.get("alpha", 1) == 1:
            inputs.sort()
        told = _hash(*_meaning(graph, operation), *inputs)
        others = _served_before(graph, operation, told, served)
        found.append(_hash(told, *others) if others else told)
    return tuple(found)


def first_difference(one: Graph, other: Graph) -> tuple[Operation | None, Operation | None]:
    """The first operations, on the ways from image to output, after which the two compute different things."""
    if fingerprint(one) == fingerprint(other):  # on whatever ways
        return None, None
    for first, second in zip_longest(_steps(one), _steps(other)):
        if first is None or second is None or first[1] != second[1]:
            return (first and first[0], second and second[0])
    return None, None


def _steps(graph: Graph) -> list[tuple[Operation, str]]:
    hashes = fingerprints(graph)
    return [(graph[at], hashes[at]) for at in graph.trunk if not _changes_nothing(graph, graph[at])]


def _changes_nothing(graph: Graph, operation: Operation) -> bool:
    """Whether it gives what it took, in another order in memory at most, and passes gradients back."""
    if graph.stops_gradient(operation.index):
        return False
    if operation.kind in ("permute", "transpose"):
        return not operation.depends_on_input
    if operation.kind == "slice":
        return graph[operation.inputs[0]].shape == operation.shape
    if operation.kind == "cat":
        return len(operation.inputs) == 1
    if operation.kind == "add" and len(operation.inputs) == 1:
        return operation.options.get("other") == 0
    return operation.kind in FREE


def _served_before(graph: Graph, operation: Operation, told: str, served: dict[int, set[str]]) -> list[str]:
    """What else computed with its parameters before: nothing, but where layers share them."""
    others: set[str] = set()
    if operation.depends_on_input and operation.index in graph.needed:
        for at in graph.parameters_of(operation.index):
            others |= served.setdefault(at, set())
            served[at].add(told)
    return sorted(others - {told})


def _meaning(graph: Graph, operation: Operation) -> tuple[object, ...]:
    """What it computes, without what it computes from."""
    options = dict(operation.options)
    if operation.kind in ("input", "parameter", "buffer", "constant"):
        return operation.kind, operation.shape
    if word_of(graph, operation.index) == "mean" and operation.size in ((), (1, 1)):
        return ("mean",)
    if _is_linear(graph, operation):
        weight = graph.argument(operation.index, "weight")
        assert weight is not None
        return "linear", operation.channels, prod(weight.shape), "bias" in operation.roles
    if operation.kind == "max_pool2d" or operation.kind == "avg_pool2d":
        options["stride"] = options.get("stride") or options["kernel_size"]
    if operation.kind == "cat":
        return "cat", options.get("dim")
    if operation.kind == "slice":
        options["end"] = None if (options.get("end") or WHOLE) >= WHOLE else options["end"]
        options["start"] = options.get("start") or 0
    return operation.kind, operation.roles, sorted((name, str(value)) for name, value in options.items())


def _unfolded(graph: Graph, cat: Operation, joined: dict[int, list[str]], found: list[str]) -> list[str]:
    """What is joined, where some of it was joined along the same dimension before."""
    parts: list[str] = []
    for at in cat.inputs:
        alike = graph[at].kind == "cat" and graph[at].options.get("dim") == cat.options.get("dim")
        parts += joined[at] if alike else [found[at]]
    return parts


def _weight_made_of(graph: Graph, operation: Operation, found: list[str]) -> list[str]:
    """The hash of a linear layer's weight where that is computed from parameters; nothing where it is one."""
    weight = graph.argument(operation.index, "weight")
    while weight is not None and weight.kind in FREE:
        weight = graph[weight.inputs[0]]
    return [found[weight.index]] if weight is not None and weight.inputs else []


def _is_linear(graph: Graph, operation: Operation) -> bool:
    if not graph.is_weighted(operation.index):
        return False
    weight, data = graph.argument(operation.index, "weight"), graph.argument(operation.index, "input")
    on_one_pixel = data is not None and data.size == (1, 1) and operation.options.get("groups") == 1
    return operation.kind == "linear" or (on_one_pixel and weight is not None and weight.shape[-2:] == (1, 1))


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
