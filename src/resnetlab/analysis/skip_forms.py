"""What stands on a skip: the identity, or one of the papers' ways to make it fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resnetlab.analysis.graph import Graph
from resnetlab.analysis.residual_additions import ResidualAddition
from resnetlab.analysis.steps import Weighted, weighted_on, word_of, words

SkipKind = Literal[
    "none", "identity", "zero-padding", "projection", "average pool", "bare 1×1", "gated", "scaled", "other"
]


@dataclass(frozen=True)
class SkipForm:
    """The skip of one block.

    Attributes:
        kind: "projection" is a convolution and a norm; "average pool" one whose stride a pool carries; "bare 1×1" a
            convolution alone; "zero-padding" adds channels without weights; "none" where nothing goes round.
        steps: what stands on it, in words.
        detail: how it thins out the image and where its zeros stand, if it does.
        convolution: its weighted layer.
    """

    kind: SkipKind
    steps: tuple[str, ...] = ()
    detail: str = ""
    convolution: Weighted | None = None


def skip_form(graph: Graph, addition: ResidualAddition) -> SkipForm:
    """Reads the skip of a residual addition."""
    steps = words(graph, addition.skip)
    convolution = next(iter(weighted_on(graph, addition.skip)), None)
    return SkipForm(_kind(graph, addition, steps, convolution), steps, _detail(graph, addition), convolution)


def _kind(graph: Graph, addition: ResidualAddition, steps: tuple[str, ...], convolution: Weighted | None) -> SkipKind:
    if "gate" in steps:
        return "gated"
    if convolution is not None:
        if "act" in steps:
            return "other"
        pools = any(graph[at].kind in ("avg_pool2d", "adaptive_avg_pool2d", "mean") for at in addition.skip)
        if pools and convolution.stride == 1:
            return "average pool"
        return "projection" if "norm" in steps else "bare 1×1"
    if "scale" in steps or _weights_its_side(graph, addition):
        return "scaled"
    if graph[addition.fork].channels < graph[addition.sum].channels and not {"norm", "act"} & set(steps):
        return "zero-padding"
    return "other" if set(steps) - {"slice"} else "identity"


def _weights_its_side(graph: Graph, addition: ResidualAddition) -> bool:
    """Whether the addition itself scales the skip, as `torch.add(branch, x, alpha=0.5)` does."""
    operation = graph[addition.sum]
    return operation.options.get("alpha", 1) != 1 and operation.inputs[-1] == addition.skip_end


def _detail(graph: Graph, addition: ResidualAddition) -> str:
    """In words how the skip thins out the image and where it adds zeros."""
    found = []
    if any(graph[at].kind == "slice" and graph[at].options.get("step", 1) != 1 for at in addition.skip):
        found.append("every second pixel")
    pools = [graph[at].kind for at in addition.skip if word_of(graph, at) in ("pool", "mean")]
    found += [f"{'max' if 'max' in kind else 'average'} pool" for kind in dict.fromkeys(pools)]
    for at in addition.skip:
        sides = graph[at].options.get("pad", ())
        if graph[at].kind == "constant_pad_nd" and len(sides) >= 6:
            before, after = sides[4], sides[5]
            found.append("zeros on both sides" if before and after else "zeros after" if after else "zeros before")
        elif graph[at].kind in ("cat", "update"):
            found.append("zeros joined")
    return ", ".join(dict.fromkeys(found))
