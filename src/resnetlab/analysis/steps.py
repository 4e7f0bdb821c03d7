"""The way of the signal through part of a network, step by step, in the words of the field."""

from __future__ import annotations

from dataclasses import dataclass

from resnetlab.analysis.graph import Graph
from resnetlab.analysis.operations import ACTIVATIONS, FREE, NORMS, POOLS


@dataclass(frozen=True)
class Weighted:
    """A convolution or a linear layer on the way.

    Attributes:
        index: of the operation in the graph.
        name: of its layer, its parameter's without the last word.
        kernel: height and width; (1, 1) for a linear layer.
        stride, groups, dilation: of a convolution; 1 for a linear layer.
        padding: rows added above the image, of a convolution; 0 for a linear layer.
        inputs, outputs: channels.
        size: height and width of what it gives; empty for a vector.
        has_bias: it adds one.
        norm: kind of the norm that takes what it gives, pooled or not, as "batch_norm"; empty where none does.
        is_linear: it is a product, not a convolution.
    """

    index: int
    name: str
    kernel: tuple[int, int]
    stride: int
    groups: int
    dilation: int
    padding: int
    inputs: int
    outputs: int
    size: tuple[int, ...]
    has_bias: bool
    norm: str
    is_linear: bool = False

    @property
    def is_depthwise(self) -> bool:
        """Every channel is convolved alone."""
        return self.groups == self.inputs > 1

    @property
    def signature(self) -> str:
        """Its kernel in short: "1×1", "3×3", "depthwise 3×3"."""
        text = "×".join(map(str, self.kernel))
        return f"depthwise {text}" if self.is_depthwise else text


def main_way(graph: Graph, start: int, end: int) -> tuple[int, ...]:
    """The operations on the widest way from the start, left out, to the end, of two the one with more layers."""
    way: list[int] = []
    while end != start:
        way.append(end)
        sources = graph.sources[end]
        widest = max(_elements(graph[source].shape) for source in sources)
        wide = [source for source in sources if _elements(graph[source].shape) == widest]
        end = wide[0] if len(wide) == 1 else max(wide, key=lambda source: _layers_between(graph, start, source))
    return tuple(reversed(way))


def words(graph: Graph, way: tuple[int, ...]) -> tuple[str, ...]:
    """The steps of a way in words, without those that only rearrange."""
    return tuple(word for word in (word_of(graph, index) for index in way) if word)


def word_of(graph: Graph, index: int) -> str:
    """What an operation does: "conv", "linear", "norm", "act", "pool", "mean", "gate", "scale", "add"; else its kind.

    Empty where it only rearranges.
    """
    operation = graph[index]
    kind = operation.kind
    if graph.is_weighted(index):
        return "linear" if kind == "linear" else "conv"
    if kind in ("mul", "product", "div"):
        return "gate" if len(graph.sources[index]) > 1 else "scale"
    if kind in ("mean", "adaptive_avg_pool2d") or (kind == "avg_pool2d" and operation.size == (1, 1)):
        return "mean"
    for word, kinds in (("", FREE), ("norm", NORMS), ("act", ACTIVATIONS), ("pool", POOLS)):
        if kind in kinds:
            return word
    return {"convolution": "filter", "constant_pad_nd": "pad"}.get(kind, kind)


def weighted_on(graph: Graph, way: tuple[int, ...]) -> tuple[Weighted, ...]:
    """The convolutions and linear layers among these operations."""
    return tuple(describe_weighted(graph, index) for index in way if graph.is_weighted(index))


def describe_weighted(graph: Graph, index: int) -> Weighted:
    """One convolution or linear layer."""
    operation = graph[index]
    weight = graph.argument(index, "weight")
    assert weight is not None
    is_linear = operation.kind == "linear"
    kernel = (1, 1) if is_linear else (weight.shape[-2:] if len(weight.shape) == 4 else (weight.shape[-1], 1))
    groups = int(operation.options.get("groups", 1))
    return Weighted(
        index,
        graph.weight_name(index).rpartition(".")[0],
        (int(kernel[0]), int(kernel[1])),
        stride=1 if is_linear else int(operation.options["stride"][0]),
        groups=groups,
        dilation=1 if is_linear else int(operation.options["dilation"][0]),
        padding=0 if is_linear else int(operation.options["padding"][0]),
        inputs=weight.shape[0] if is_linear else weight.shape[1] * groups,
        outputs=weight.shape[1] if is_linear else weight.shape[0],
        size=operation.size,
        has_bias="bias" in operation.roles,
        norm=_norm_after(graph, index),
        is_linear=is_linear,
    )


def _norm_after(graph: Graph, index: int) -> str:
    users = [user for user in graph.users[index] if user in graph.needed]
    while len(users) == 1 and word_of(graph, users[0]) in ("", "filter", "pool"):
        users = [user for user in graph.users[users[0]] if user in graph.needed]
    kinds = {graph[user].kind if word_of(graph, user) == "norm" else "" for user in users}
    return kinds.pop() if len(kinds) == 1 else ""


def _layers_between(graph: Graph, start: int, end: int) -> int:
    return sum(map(graph.is_weighted, graph.between((start,), (end,))))


def _elements(shape: tuple[int, ...]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product
