"""Follows an image through a run, operation by operation, and knows which pixels every tensor sees.

It needs to know no module: whatever a `forward` does, it reaches one of a few operations on tensors. A batch norm
counts as in evaluation, where it does not look around.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from resnetlab.analysis.tracing import tensors_in
from resnetlab.analysis.window_rules import (
    adapt,
    along_channels,
    cut,
    normalise,
    pad,
    reduce,
    regroup,
    reorder,
    slide,
    union,
)
from resnetlab.analysis.windows import Footprint, Operation, Window

RULES: dict[Callable[[Operation], Footprint], str] = {
    slide: "convolution avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices",
    adapt: "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d",
    reduce: "mean sum amax amin max min var std var_mean linalg_vector_norm",
    normalise: "native_layer_norm native_group_norm",
    reorder: "permute transpose t",
    regroup: "view _unsafe_view _reshape_alias unsqueeze squeeze",
    cut: "slice",
    pad: "constant_pad_nd reflection_pad2d replication_pad2d",
    along_channels: "cat split split_with_sizes",
    union: "native_batch_norm _native_batch_norm_legit_no_training native_dropout hardswish "
    "clone detach alias copy _to_copy expand",
}
"""The rules, each with the names of its operations in ATen; what works element by element needs no name."""

RULE_OF = {name: rule for rule, names in RULES.items() for name in names.split()}

FACTORIES = frozenset(name for kind in ("zeros", "ones", "empty", "full") for name in (f"new_{kind}", f"{kind}_like"))
"""Operations that ask a tensor for its shape alone."""


class Footprints(TorchDispatchMode):
    """While it is open, follows the images given to `follow`; `of` tells what a tensor sees, None if nothing."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch tells no types of it
        # The tensors are held, so that no other can take over their identity.
        self._seeing: dict[int, tuple[Tensor, Footprint]] = {}

    def follow(self, images: Tensor) -> None:
        """Begins with images, (N, C, side, …): each pixel sees itself."""
        self._note(images, tuple(Window(dim, 1, 0.0, 0.0) for dim in range(2, images.dim())))

    def of(self, tensor: Tensor) -> Footprint | None:
        """Gives the footprint of a tensor."""
        return self._seeing.get(id(tensor), (tensor, None))[1]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs = [self._seeing[id(t)] for t in tensors_in((args, kwargs or {})) if id(t) in self._seeing]
        outputs = list(tensors_in(result))
        name = func._schema.name.removeprefix("aten::")
        if inputs and outputs and name not in FACTORIES:
            operation = Operation(name.rstrip("_"), _arguments(func, args, kwargs or {}), inputs, outputs[0])
            footprint = _footprint(operation, torch.Tag.pointwise in func.tags)
            for output in outputs:
                self._note(output, footprint)
            if name.endswith("_") and outputs[0]._base is not None:
                self._write_through(outputs[0], operation)
        return result

    def _note(self, tensor: Tensor, footprint: Footprint) -> None:
        self._seeing[id(tensor)] = (tensor, footprint)

    def _write_through(self, part: Tensor, operation: Operation) -> None:
        """Lets the whole see what was written into a part of it, as in `padded[:, :16] = x`."""
        whole = part._base
        assert whole is not None
        written = self._seeing[id(part)]
        if whole.dim() != part.dim() or any(
            w.dim is not None and whole.shape[w.dim] != part.shape[w.dim] for w in written[1]
        ):
            raise operation.refused()
        before = [self._seeing[id(whole)]] if id(whole) in self._seeing else []
        self._note(whole, union(Operation(operation.name, {}, [written, *before], whole)))


def _footprint(operation: Operation, is_pointwise: bool) -> Footprint:
    rule = union if is_pointwise else RULE_OF.get(operation.name)
    if rule is not None:
        return rule(operation)
    windows = [window for _, footprint in operation.inputs for window in footprint]
    if not all(window.is_whole for window in windows):
        raise operation.refused()
    return tuple(window.whole(None) for window in operation.inputs[0][1])


def _arguments(func: Any, args: Any, kwargs: Any) -> dict[str, Any]:
    parameters = func._schema.arguments
    defaults = {p.name: p.default_value for p in parameters if p.has_default_value()}
    return {**defaults, **dict(zip((p.name for p in parameters), args, strict=False)), **kwargs}
