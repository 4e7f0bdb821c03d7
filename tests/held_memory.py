"""Counts what tensors with numbers hold at a time, operation by operation."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class HeldMemory(TorchDispatchMode):
    """While it is open, `most` is the largest number of bytes that tensors made meanwhile held at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch has no types there
        self.most = 0
        self._held: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            own = tensor.to_local() if isinstance(tensor, DTensor) else tensor
            if isinstance(own, Tensor) and not own.is_meta:
                storage = own.untyped_storage()
                self._held[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self._held = {place: known for place, known in self._held.items() if not known[0].expired()}
        self.most = max(self.most, sum(count for _, count in self._held.values()))
        return result
