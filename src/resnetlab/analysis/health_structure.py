"""What the computation itself, without any numbers, tells of a network's health."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from torch import nn

from resnetlab.analysis.calls import Call
from resnetlab.analysis.findings import Finding
from resnetlab.analysis.graph import Graph
from resnetlab.analysis.network_findings import find_findings
from resnetlab.analysis.network_form import NetworkForm, read_network
from resnetlab.analysis.operations import BOUNDS, FREE
from resnetlab.core.errors import ResnetlabError

LEAST_SIDE = 64  # pixels: on which ImageNet's networks still have maps behind their last stage
GATED = frozenset({("mul", 2), ("add", 3)})
"""Operations that scale one tensor by another, with how many they take: a product, and addcmul or lerp."""
MOVING = frozenset({"add", "sub", "rsub", "mul", "div", "neg"})
"""What moves or scales a tensor, where the other side is a constant."""


@dataclass(frozen=True)
class Structure:
    """What was found in the recorded computation.

    Attributes:
        gates: modules of the squashing functions that only scale another tensor, as in squeeze-and-excitation, or
            that squash a parameter and not the signal.
        gate_calls: the same, told by the call.
        sigmoids: modules of the sigmoids that are no gates, functions among them.
        biased: weighted layers whose bias a batch norm takes off again.
        findings: of the audit.
        not_read: why the computation could not be recorded; "" where it could.
        looked_at_numbers: another image may take another way through the network.
    """

    gates: frozenset[str] = frozenset()
    gate_calls: frozenset[Call] = frozenset()
    sigmoids: tuple[str, ...] = ()
    biased: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    not_read: str = ""
    looked_at_numbers: bool = False


def read_structure(model: nn.Module, input_size: tuple[int, ...]) -> Structure:
    """Records the computation and looks through it; where it cannot be recorded, the reason stands in the result.

    Args:
        model: any module; it is not touched.
        input_size: one image, (channels, height, width).
    """
    try:
        form = _read(model, input_size)
    except ResnetlabError as error:
        return Structure(not_read=" ".join(str(error).splitlines()[:2]))
    graph = form.graph
    return Structure(
        gates=frozenset(_gates(graph)),
        gate_calls=frozenset(_gate_calls(graph)),
        sigmoids=tuple(dict.fromkeys(_sigmoids(graph))),
        biased=tuple(dict.fromkeys(_biased(graph))),
        findings=find_findings(form),
        looked_at_numbers=graph.looked_at_numbers,
    )


def _read(model: nn.Module, input_size: tuple[int, ...]) -> NetworkForm:
    """On a small image the last maps are single points, which the audit takes for vectors: a larger one is tried."""
    if max(input_size[1:]) < LEAST_SIDE:
        with suppress(ResnetlabError):
            return read_network(model, (input_size[0], LEAST_SIDE, LEAST_SIDE))
    return read_network(model, input_size)


def _gates(graph: Graph) -> Iterator[str]:
    for operation in graph:
        if operation.kind in BOUNDS and _is_gate(graph, operation.index):
            yield operation.module


def _gate_calls(graph: Graph) -> Iterator[Call]:
    last = {
        one.made_by.call: one.index for one in graph if one.made_by is not None and one.made_by.call.kind in BOUNDS
    }
    yield from (call for call, index in last.items() if _is_gate(graph, index))


def _sigmoids(graph: Graph) -> Iterator[str]:
    for operation in graph:
        if operation.kind == "sigmoid" and not _is_gate(graph, operation.index):
            yield operation.module


def _is_gate(graph: Graph, index: int) -> bool:
    """Whether a tensor does nothing but scale others, in a product of two, in addcmul or in lerp, or is no signal."""
    if not graph[index].depends_on_input:
        return True
    uses = set(_uses(graph, index))
    return bool(uses) and uses <= GATED


def _biased(graph: Graph) -> Iterator[str]:
    for norm in (operation for operation in graph if operation.kind == "batch_norm" and operation.depends_on_input):
        before = graph.argument(norm.index, "input")
        while before is not None and before.kind in FREE and graph.sources[before.index]:
            before = graph[graph.sources[before.index][0]]
        if before is not None and graph.is_weighted(before.index):
            bias = graph.argument(before.index, "bias")
            if bias is not None and bias.kind == "parameter":
                yield bias.name.rpartition(".")[0]


def _uses(graph: Graph, index: int) -> Iterator[tuple[str, int]]:
    """The operations that compute with a tensor, and how many tensors of the image's data each of them takes; seen
    through what only rearranges it, or moves it by a constant, as in 1 − t."""
    for user in graph.users[index]:
        kind, sources = graph[user].kind, len(graph.sources[user])
        if kind in FREE or (kind in MOVING and sources == 1):
            yield from _uses(graph, user)
        else:
            yield kind, sources
