"""The arithmetic of receptive fields: what each operation of a network does to the windows of its inputs.

Paper: Araujo, Norris & Sim 2019 (Distill), "Computing Receptive Fields of Convolutional Neural Networks": the
recurrences for size, stride and padding. Where branches meet, the window covers what either of them sees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor

from resnetlab.analysis.windows import Footprint, Operation, Window


def union(operation: Operation) -> Footprint:
    """Joins what the inputs see, position by position, shapes aligned from the right as broadcasting does."""
    aligned = [[_aligned(w, tensor, operation.output) for w in windows] for tensor, windows in operation.inputs]
    return tuple(_joined(windows, operation) for windows in zip(*aligned, strict=True))


def slide(operation: Operation) -> Footprint:
    """Slides the kernel of a convolution or a pooling over the positions."""
    tensor, given = operation.inputs[0][0], operation.arguments
    kernel = list(given["weight"].shape[2:]) if "weight" in given else given["kernel_size"]
    columns = (kernel, given["stride"] or kernel, given.get("dilation", [1] * len(kernel)), given["padding"])
    moves = dict(zip(range(tensor.dim() - len(kernel), tensor.dim()), zip(*columns, strict=True), strict=True))

    def slid(window: Window, dim: int) -> Window:
        if dim not in moves or given.get("transposed"):
            raise operation.refused()
        return window.slide(*moves[dim])

    return operation.of_first_input(slid)


def adapt(operation: Operation) -> Footprint:
    """Pools to a given size: a sliding window where that divides the tensor's, else the whole image."""

    def pooled(window: Window, dim: int) -> Window:
        taken, given = operation.inputs[0][0].shape[dim], operation.output.shape[dim]
        if given > 1 and taken % given == 0:
            return window.slide(taken // given, taken // given)
        return window.whole(dim)

    return operation.of_first_input(pooled)


def reduce(operation: Operation) -> Footprint:
    """Takes the mean, the sum or the largest over some dimensions."""
    tensor, asked = operation.inputs[0][0], operation.arguments.get("dim")
    dims = [asked] if isinstance(asked, int) else asked or range(tensor.dim())
    gone = {dim % tensor.dim() for dim in dims}
    keeps = operation.output.dim() == tensor.dim()

    def reduced(window: Window, dim: int) -> Window:
        place = dim if keeps else dim - sum(other < dim for other in gone)
        return window.whole(dim if keeps else None) if dim in gone else window.at(place)

    return operation.of_first_input(reduced)


def normalise(operation: Operation) -> Footprint:
    """Normalises by statistics of the image itself: over groups, or over the last dimensions."""
    tensor = operation.inputs[0][0]
    first = tensor.dim() - len(operation.arguments.get("normalized_shape", tensor.shape[1:]))
    return operation.of_first_input(lambda window, dim: window.whole(dim) if dim >= first else window)


def reorder(operation: Operation) -> Footprint:
    """Puts the dimensions in another order."""
    given, count = operation.arguments, operation.inputs[0][0].dim()
    order = list(range(count))
    if "dims" in given:
        order = [dim % count for dim in given["dims"]]
    else:
        first, second = given.get("dim0", 0) % count, given.get("dim1", 1) % count
        order[first], order[second] = second, first
    return operation.of_first_input(lambda window, dim: window.at(order.index(dim)))


def regroup(operation: Operation) -> Footprint:
    """Reads the same elements in another shape; a side that is merged with the channels has no place any longer."""
    groups = _groups(operation.inputs[0][0].shape, operation.output.shape)

    def moved(window: Window, dim: int) -> Window:
        taken, given = next((group for group in groups if dim in group[0]), ([], []))
        if len(taken) == len(given) == 1:
            return window.at(given[0])
        if 0 in given and not window.is_whole:
            raise operation.refused()
        return window.whole(None)

    return operation.of_first_input(moved)


def cut(operation: Operation) -> Footprint:
    """Takes every `step`-th position from `start` on."""
    tensor, given = operation.inputs[0][0], operation.arguments
    along, start = given["dim"] % tensor.dim(), given["start"] or 0
    start = max(start + tensor.shape[along], 0) if start < 0 else start
    return operation.of_first_input(
        lambda window, dim: window.slide(1, given["step"], padding=-start) if dim == along else window
    )


def pad(operation: Operation) -> Footprint:
    """Puts positions before the first and after the last, from the last dimension on."""
    before = dict(zip(reversed(range(operation.output.dim())), operation.arguments["pad"][::2], strict=False))
    return operation.of_first_input(lambda window, dim: window.slide(1, padding=before.get(dim, 0)))


def along_channels(operation: Operation) -> Footprint:
    """Joins or splits channels, not the image."""
    dim = operation.arguments["dim"] % operation.output.dim()
    if any(window.dim == dim for _, footprint in operation.inputs for window in footprint):
        raise operation.refused()
    return union(operation)


def _aligned(window: Window, tensor: Tensor, output: Tensor) -> Window:
    if window.dim is None:
        return window
    dim = window.dim + output.dim() - tensor.dim()
    return window.at(dim) if tensor.shape[window.dim] == output.shape[dim] else window.whole(dim)


def _joined(windows: Sequence[Window], operation: Operation) -> Window:
    dims = {window.dim for window in windows if window.dim is not None}
    if len(dims) > 1:
        raise operation.refused()
    dim = dims.pop() if dims else None
    if any(window.is_whole for window in windows):
        return windows[0].whole(dim)
    if len({window.stride for window in windows}) > 1:
        raise operation.refused()
    return Window(dim, windows[0].stride, min(w.first for w in windows), max(w.last for w in windows))


def _groups(taken: Sequence[int], given: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Tells which dimensions longer than 1 became which, in the smallest groups of as many elements."""
    groups: list[tuple[list[int], list[int]]] = []
    left = [dim for dim, size in enumerate(taken) if size > 1]
    right = [dim for dim, size in enumerate(given) if size > 1]
    while left and right:
        old, new = [left.pop(0)], [right.pop(0)]
        while (a := math.prod(taken[dim] for dim in old)) != (b := math.prod(given[dim] for dim in new)):
            (new if a > b else old).append((right if a > b else left).pop(0))
        groups.append((old, new))
    return groups
