"""Where branch and skip of each block meet, in any module, and what becomes of it if one side is changed there.

A junction is the call in Python that adds a branch to a skip. While one looks, either side can be replaced on its way
into the sum: nothing is copied, no module is rewritten, gradients feel the change, and what follows the sum, an
activation for instance, stays. Scales and drop paths stand on the branch before the sum and go with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from resnetlab.analysis.block_forms import place_of
from resnetlab.analysis.calls import SUMS_IN_PLACE, Call, Calls
from resnetlab.analysis.graph import Graph
from resnetlab.analysis.recording import record_graph
from resnetlab.analysis.residual_additions import (
    ResidualAddition,
    blocks_on_trunk,
    common_module,
    find_residual_additions,
)
from resnetlab.analysis.steps import Weighted, main_way, weighted_on
from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True)
class Junction:
    """One sum H = F + S of a network.

    Attributes:
        block: what the block is called: its module, where that has several the one of its branch, or the branch's
            first and last layers; where the same layers run again, with the number of the run.
        module: the innermost module that contains branch, skip and sum; "" is the whole.
        call: that makes the sum.
        branch, skip: which tensor among the call's arguments.
        shape: of the sum, without the images.
        is_identity: nothing stands on the skip.
    """

    block: str
    module: str
    call: Call
    branch: int
    skip: int
    shape: tuple[int, ...]
    is_identity: bool


Change = Callable[[Tensor, bool], Tensor]
"""Gives what a side is replaced by: it is told the tensor, and whether the sum will be written over that tensor."""


def find_junctions(model: nn.Module, input_size: tuple[int, ...]) -> tuple[Junction, ...]:
    """Finds the blocks' sums, first to last: those that every way from the image to the output passes.

    Empty where there are none, as in a plain network, and where operators run that no call in Python made, as in a
    scripted module. The model itself is not touched.

    Args:
        model: any module that takes one tensor.
        input_size: one image, (channels, height, width).

    Raises:
        ResnetlabError: the model cannot take this size, or cannot be copied.
    """
    graph = record_graph(model, input_size)
    additions = blocks_on_trunk(graph, find_residual_additions(graph))
    modules = Counter(addition.module for addition in additions)
    found = (_junction(graph, addition, modules[addition.module] > 1) for addition in additions)
    return _told_apart(junction for junction in found if junction is not None)


@contextmanager
def sides_changed(model: nn.Module, changes: Mapping[Junction, tuple[Change, Change]]) -> Iterator[None]:
    """Changes branch and skip on their way into these sums, in every pass through the model inside the block.

    Args:
        model: the module whose junctions these are.
        changes: for each junction what becomes of its branch and of its skip.

    Raises:
        ResnetlabError: at the end of the block: the model ran and did not come by one of these sums.
    """
    by_call = {junction.call: (junction, sides) for junction, sides in changes.items()}
    met: set[Call] = set()
    passes = 0

    def count(module: nn.Module, inputs: Any) -> None:
        nonlocal passes
        passes += 1

    def make(call: Call, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if call not in by_call:
            return func(*args, **kwargs)
        met.add(call)
        junction, (on_branch, on_skip) = by_call[call]
        written = func.__name__ in SUMS_IN_PLACE
        return _changed(func, args, kwargs, {junction.branch: on_branch, junction.skip: on_skip}, written)

    handle = model.register_forward_pre_hook(count)
    try:
        with Calls(model, make):
            yield
    finally:
        handle.remove()
    missed = [junction.block for call, (junction, _) in by_call.items() if call not in met]
    if passes and missed:
        raise ResnetlabError(
            f"{type(model).__name__} did not come by the sum of {missed[0]!r} and {len(missed) - 1} others:\n"
            "it takes another way with these images, or in this mode, than when its blocks were looked for"
        )


def unchanged(side: Tensor, written: bool) -> Tensor:
    """Leaves a side as it is."""
    return side


def zeros(side: Tensor, written: bool) -> Tensor:
    """Puts zeros in the place of a side."""
    return side.zero_() if written else side.new_zeros(()).expand_as(side)


@contextmanager
def without_branches(model: nn.Module, junctions: Iterable[Junction]) -> Iterator[None]:
    """Removes blocks inside the block: their skips, with a projection where one stands there, are all that stays."""
    with sides_changed(model, dict.fromkeys(junctions, (zeros, unchanged))):
        yield


@contextmanager
def without_skips(model: nn.Module, junctions: Iterable[Junction]) -> Iterator[None]:
    """Cuts skips inside the block: with all of them cut it is the plain twin, with the same weights."""
    with sides_changed(model, dict.fromkeys(junctions, (unchanged, zeros))):
        yield


def _junction(graph: Graph, addition: ResidualAddition, shared: bool) -> Junction | None:
    operation = graph[addition.sum]
    takes = operation.made_by.takes if operation.made_by is not None else ()
    if operation.made_by is None or addition.branch_end not in takes or addition.skip_end not in takes:
        return None
    layers = weighted_on(graph, main_way(graph, addition.fork, addition.branch_end))
    return Junction(
        block=_name(addition.module, layers, shared),
        module=addition.module,
        call=operation.made_by.call,
        branch=takes.index(addition.branch_end),
        skip=takes.index(addition.skip_end),
        shape=operation.shape[1:],
        is_identity=not addition.skip,
    )


def _told_apart(junctions: Iterable[Junction]) -> tuple[Junction, ...]:
    """The same, where no two are called alike."""
    runs: Counter[str] = Counter()
    found = []
    for one in junctions:
        runs[one.block] += 1
        found.append(replace(one, block=f"{one.block} (run {runs[one.block]})") if runs[one.block] > 1 else one)
    return tuple(found)


def _name(module: str, layers: tuple[Weighted, ...], shared: bool) -> str:
    inside = common_module(layer.name for layer in layers) if shared else ""
    return inside if inside.startswith(module) and inside != module else place_of(module, layers, shared)


def _changed(
    func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], changes: Mapping[int, Change], in_place: bool
) -> Any:
    """Makes the call with these of its tensors changed; the first is the one that a sum in place is written to."""
    place = -1

    def change(value: Any) -> Any:
        nonlocal place
        if not isinstance(value, Tensor):
            return value
        place += 1
        return changes.get(place, unchanged)(value, in_place and place == 0)

    changed = [change(value) for value in args]
    return func(*changed, **{name: change(value) for name, value in kwargs.items()})
