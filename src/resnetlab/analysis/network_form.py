"""What a network is, read off its recorded computation: stem, stages of blocks, head, and what goes through all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from torch import nn

from resnetlab.analysis.block_forms import BlockForm, Order, plain_block, residual_block
from resnetlab.analysis.graph import Graph
from resnetlab.analysis.recording import record_graph
from resnetlab.analysis.residual_additions import ResidualAddition, blocks_on_trunk, find_residual_additions
from resnetlab.analysis.spans import Span, find_spans
from resnetlab.analysis.steps import Weighted, describe_weighted, weighted_on, word_of, words


@dataclass(frozen=True)
class NormForm:
    """The settings that norms share.

    Attributes:
        kind: "batch_norm", "layer_norm", "group_norm".
        eps: added to the variance.
        momentum: of the running averages; None where the norm keeps none.
        is_affine: it has γ and β.
        tracks: it keeps running averages, and normalises by them in evaluation.
    """

    kind: str
    eps: float
    momentum: float | None
    is_affine: bool
    tracks: bool


@dataclass(frozen=True)
class StemForm:
    """What stands before the first block.

    Attributes:
        convolutions: in order.
        pool: a pooling follows them: "3×3 max pool, stride 2", with its padding where that is unusual; else empty.
        steps: all of it in words.
    """

    convolutions: tuple[Weighted, ...]
    pool: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class StageForm:
    """Blocks in a row that give the same number of channels, in images of one size.

    Where strides stand in the wrong blocks the sizes differ: only a stride after a block that opened the stage with
    one opens another.

    Attributes:
        blocks: from input to output.
        channels: that they give.
        size: height and width of the last block's output.
    """

    blocks: tuple[BlockForm, ...]
    channels: int
    size: tuple[int, ...]


@dataclass(frozen=True)
class NetworkForm:
    """A network as its computation tells it.

    Attributes:
        graph: the computation.
        additions: every residual addition, those inside others too.
        stem: what stands before the blocks.
        blocks: residual blocks, and stretches of layers between them that compute what their branches do.
        head: steps after the last block, in words.
        outputs: channels of what the network gives.
        norms: the settings of its norms, and how many have them; the most usual first.
        activations: between the layers, and how many; the most usual first.
        weighted: every convolution and linear layer that the output needs.
        depth: weighted layers as He et al. 2015 count them: without skips and gates, a deep stem as one.
        unused: names of parameters that no operation the output needs computes with.
    """

    graph: Graph
    additions: tuple[ResidualAddition, ...]
    stem: StemForm
    blocks: tuple[BlockForm, ...]
    head: tuple[str, ...]
    outputs: int
    norms: tuple[tuple[NormForm, int], ...]
    activations: tuple[tuple[str, int], ...]
    weighted: tuple[Weighted, ...]
    depth: int
    unused: tuple[str, ...]

    @cached_property
    def stages(self) -> tuple[StageForm, ...]:
        """The blocks by the channels they give."""
        runs = (tuple(run) for _, run in groupby(self.blocks, key=lambda block: block.given))
        stages = (stage for run in runs for stage in _stages_of_one_width(run))
        return tuple(StageForm(stage, stage[-1].given, stage[-1].size_given) for stage in stages)

    @cached_property
    def residual_blocks(self) -> tuple[BlockForm, ...]:
        """The blocks with a skip."""
        return tuple(block for block in self.blocks if block.skip.kind != "none")

    @property
    def normalises(self) -> bool:
        """Whether it has any batch norm."""
        return any(norm.kind == "batch_norm" for norm, _ in self.norms)

    @cached_property
    def order(self) -> Order | None:
        """That of most blocks; where as many have another, "pre", which a block whose skip sees h does not show."""
        counted = Counter(block.order for block in self.residual_blocks or self.blocks)
        return max(counted, key=lambda order: (counted[order], order == "pre"), default=None)

    def common(self, quality: str) -> object:
        """What most blocks have under the name of this attribute; None without blocks."""
        counted = Counter(getattr(block, quality) for block in self.residual_blocks or self.blocks)
        return counted.most_common(1)[0][0] if counted else None


def read_network(model: nn.Module, input_size: tuple[int, ...]) -> NetworkForm:
    """Runs any module once, without numbers, and says what kind of network it is.

    Args:
        model: any module that takes one tensor; it is not touched.
        input_size: one image, (channels, height, width).

    Raises:
        ResnetlabError: the model cannot take this size, or cannot be copied.
    """
    return network_form(record_graph(model, input_size))


def network_form(graph: Graph) -> NetworkForm:
    """Reads the form of a network off its computation."""
    additions = find_residual_additions(graph)
    spans = find_spans(graph, blocks_on_trunk(graph, additions))
    blocks = _blocks(graph, spans)
    first = spans[0].start if spans else _end_of_first_layer(graph)
    weighted = tuple(
        describe_weighted(graph, at.index) for at in graph if graph.is_weighted(at.index) and at.index in graph.needed
    )
    stem = _stem(graph, graph.trunk[1 : first + 1])
    return NetworkForm(
        graph,
        additions,
        stem,
        blocks,
        head=words(graph, graph.trunk[(spans[-1].end if spans else first) + 1 :]),
        outputs=graph[graph.output].channels,
        norms=_norms(graph),
        activations=_activations(graph),
        weighted=weighted,
        depth=_depth(graph, additions, weighted) - (2 if _is_deep(stem) else 0),
        unused=_unused(graph),
    )


def _blocks(graph: Graph, spans: list[Span]) -> tuple[BlockForm, ...]:
    trunk = graph.trunk
    ends = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(trunk)]
    between = [words(graph, trunk[end + 1 : start + 1]) for end, start in zip(ends, starts, strict=True)]
    modules = Counter(span.addition.module for span in spans if span.addition is not None)
    found = []
    for span, before, after in zip(spans, between, between[1:], strict=False):
        before, after = _after_last_layer(before), _before_first_layer(after)
        if span.addition is None:
            found.append(plain_block(graph, trunk[span.start], trunk[span.start + 1 : span.end + 1], before, after))
        else:
            shared = modules[span.addition.module] > 1
            found.append(residual_block(graph, span.addition, before, after, shared))
    return tuple(found)


def _stages_of_one_width(run: tuple[BlockForm, ...]) -> list[tuple[BlockForm, ...]]:
    if run[0].stride == 1 or all(block.stride > 1 for block in run):
        return [run]
    starts = [at for at, block in enumerate(run) if block.stride > 1]
    return [run[start:end] for start, end in zip(starts, [*starts[1:], len(run)], strict=True)]


def _before_first_layer(steps: tuple[str, ...]) -> tuple[str, ...]:
    return steps[: next((at for at, word in enumerate(steps) if word in ("conv", "linear")), None)]


def _after_last_layer(steps: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(reversed(_before_first_layer(tuple(reversed(steps)))))


def _end_of_first_layer(graph: Graph) -> int:
    """Position on the trunk before its second weighted layer."""
    places = [at for at, index in enumerate(graph.trunk) if graph.is_weighted(index)]
    return places[1] - 1 if len(places) > 1 else len(graph.trunk) - 1


def _stem(graph: Graph, way: tuple[int, ...]) -> StemForm:
    pools = [graph[at] for at in way if word_of(graph, at) == "pool"]
    pool = ""
    if pools:
        options = pools[-1].options
        kernel = "×".join(map(str, options["kernel_size"]))
        stride = (options["stride"] or options["kernel_size"])[0]
        usual = (options["kernel_size"][0] - 1) // 2
        padding = options["padding"][0] if options["padding"] else 0
        told = f", padding {padding}" if padding != usual else ""
        pool = f"{kernel} {'max' if 'max' in pools[-1].kind else 'average'} pool, stride {stride}{told}"
    return StemForm(weighted_on(graph, way), pool, words(graph, way))


def _is_deep(stem: StemForm) -> bool:
    """Three convolutions in the place of one: He et al. 2018, Figure 2b."""
    return len(stem.convolutions) == 3 and not any(layer.is_depthwise for layer in stem.convolutions)


def _norms(graph: Graph) -> tuple[tuple[NormForm, int], ...]:
    counted: Counter[NormForm] = Counter()
    for operation in graph:
        if operation.index in graph.needed and word_of(graph, operation.index) == "norm":
            tracks = "running_mean" in operation.roles and not operation.options.get("training", False)
            momentum = operation.options.get("momentum") if tracks else None
            affine = "weight" in operation.roles
            counted[NormForm(operation.kind, operation.options["eps"], momentum, affine, tracks)] += 1
    return tuple(counted.most_common())


def _activations(graph: Graph) -> tuple[tuple[str, int], ...]:
    acts = (at for at in graph if at.index in graph.needed and word_of(graph, at.index) == "act")
    return tuple(Counter(at.kind for at in acts if at.size != (1, 1)).most_common())


def _depth(graph: Graph, additions: tuple[ResidualAddition, ...], weighted: tuple[Weighted, ...]) -> int:
    on_skips = {at for addition in additions for at in addition.skip}
    in_gates = set[int]()
    for operation in graph:
        if operation.index in graph.needed and word_of(graph, operation.index) == "gate":
            narrow = [at for at in graph.sources[operation.index] if graph[at].size == (1, 1)]
            in_gates |= set(graph.between((graph.dominators[operation.index],), tuple(narrow)))
    return sum(layer.index not in on_skips | in_gates for layer in weighted)


def _unused(graph: Graph) -> tuple[str, ...]:
    used = {at for index in graph.needed for at in graph.parameters_of(index)}
    return tuple(at.name for at in graph if at.kind == "parameter" and at.index not in used)
