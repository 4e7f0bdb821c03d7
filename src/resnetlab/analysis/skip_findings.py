"""Mistakes at the skips and their additions: never added, taken too late, changed on the way, cut off from gradients.

Papers: He et al. 2015, §3.2: y = F(x) + x, where x is what the block was given; He et al. 2016, §3: nothing on the
skip but what makes it fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from resnetlab.analysis.block_findings import classical
from resnetlab.analysis.findings import Check, Finding, mistake
from resnetlab.analysis.graph import Graph
from resnetlab.analysis.network_form import NetworkForm
from resnetlab.analysis.residual_additions import ResidualAddition, blocks_on_trunk
from resnetlab.analysis.steps import main_way, weighted_on

CLASSICAL_KERNELS = ([True, True], [False, True, False])  # which convolutions are wider than 1×1


def skip_never_added(form: NetworkForm) -> Iterator[Finding]:
    graph = form.graph
    lone = [block.place for block in classical(form) if block.skip.kind == "none"]
    yield from mistake(
        "skip never added", lone, "the branch goes on alone, where those of other blocks are added to a skip"
    )
    computed = (at.index for at in graph if graph.is_weighted(at.index) and at.index not in graph.needed)
    idle = [graph.weight_name(at).rpartition(".")[0] for at in computed]
    yield from mistake("result never used", idle, "computed, and nothing takes it: add it to the branch, or remove it")
    doubled = [
        at.module or "the network"
        for at in graph
        if at.kind == "add" and at.index in graph.needed and len(graph.sources[at.index]) == 2
        if len(set(graph.sources[at.index])) == 1
    ]
    yield from mistake("added to itself", doubled, "both sides of the addition are one tensor: one should be the skip")


def skip_taken_late(form: NetworkForm) -> Iterator[Finding]:
    additions = blocks_on_trunk(form.graph, form.additions)
    shared = Counter(addition.module for addition in additions)
    late = [at.module for at in additions if at.module and shared[at.module] == 1 and _starts_inside(form.graph, at)]
    yield from mistake(
        "skip taken too late", late, "what is added is not the block's input but what its first layers made of it"
    )


def _starts_inside(graph: Graph, addition: ResidualAddition) -> bool:
    """Whether layers of its module stand before the fork, which together with the branch make a whole block."""
    trunk = (at for at in graph.trunk if at <= addition.fork)
    before = tuple(at for at in trunk if f"{graph[at].module}.".startswith(f"{addition.module}."))
    layers = weighted_on(graph, (*before, *main_way(graph, addition.fork, addition.branch_end)))
    whole = [layer.kernel != (1, 1) for layer in layers] in CLASSICAL_KERNELS
    return any(map(graph.is_weighted, before)) and whole and not any(layer.is_depthwise for layer in layers)


def activation_on_projection(form: NetworkForm) -> Iterator[Finding]:
    projected = [block for block in classical(form) if "conv" in block.skip.steps]
    ended = [block for block in projected if "act" in block.skip.steps[block.skip.steps.index("conv") :]]
    yield from mistake(
        "activation on the projection",
        (block.place for block in ended),
        "the projection is linear: the activation belongs after the addition",
    )


def overwritten_skip(form: NetworkForm) -> Iterator[Finding]:
    blocks = [block.place for block in form.residual_blocks if block.overwritten and not block.skip.convolution]
    yield from mistake(
        "skip overwritten in place",
        blocks,
        "an activation in place at the start of the branch changes the x that the skip adds: inplace=False",
    )


def multiplied_by_zero(form: NetworkForm) -> Iterator[Finding]:
    graph = form.graph
    inside = {at for each in form.additions for at in (*each.branch, *each.skip, each.sum)}
    nothing = [graph[at] for at in sorted(inside) if _gives_nothing(graph, at)]
    yield from mistake(
        "multiplied by zero",
        (at.module or "the network" for at in nothing),
        "one side of the addition counts for nothing, and is not trained",
    )


def _gives_nothing(graph: Graph, index: int) -> bool:
    operation = graph[index]
    if operation.kind == "mul":
        return operation.options.get("other") == 0
    return operation.kind == "add" and len(operation.inputs) > 1 and operation.options.get("alpha") == 0


def gradient_stopped(form: NetworkForm) -> Iterator[Finding]:
    graph = form.graph
    inside = {at for each in form.additions for at in (*each.branch, *each.skip)} | set(graph.trunk)
    cut = [graph[at] for at in sorted(inside) if form.additions and graph.stops_gradient(at)]
    cut = [at for at in cut if any(map(graph.is_weighted, graph.between((), (at.index,))))]
    yield from mistake(
        "gradient stopped",
        (_last_module(graph, at.index) for at in cut),
        "detached at or behind this layer: no gradient goes back this way to the layers before",
    )


def _last_module(graph: Graph, index: int) -> str:
    """The module that an operation stands in, or the last one called before it."""
    return next((graph[at].module for at in range(index, -1, -1) if graph[at].module), "the network")


SKIP_CHECKS: tuple[Check, ...] = (
    skip_never_added,
    skip_taken_late,
    activation_on_projection,
    overwritten_skip,
    multiplied_by_zero,
    gradient_stopped,
)
