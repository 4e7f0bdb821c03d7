"""Which call of an adding function makes a sum, told so that the same call is found again in any other run.

Operators are recorded below Python and below autograd, where nothing can be changed that a gradient should feel. The
call in Python that ran the operator can be: it is known by the module that was running and by its number there, which
stay the same in training and in evaluation, with any images, however the module is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

SUMS = frozenset({"add", "__add__", "__radd__", "addcmul", "lerp"})
SUMS_IN_PLACE = frozenset({"add_", "__iadd__", "addcmul_", "lerp_"})


@dataclass(frozen=True)
class SumCall:
    """One call in one pass through a model.

    Attributes:
        module: dotted path of the innermost module that was running; "" is the whole.
        run: 1 for the module's first run in the pass, 2 for its second.
        number: 1 for the first adding call of that run; those of modules inside are not counted.
    """

    module: str
    run: int
    number: int


@dataclass(frozen=True)
class MadeBy:
    """The call that made an operation.

    Attributes:
        call: the call.
        takes: for each tensor among its arguments the index of the operation that gave it.
    """

    call: SumCall
    takes: tuple[int, ...]


Makes = Callable[[SumCall, Any, Sequence[Any], Mapping[str, Any]], Any]
"""Makes a call: it is told which, the function and its arguments, and gives the result."""


class SumCalls(TorchFunctionMode):
    """While it is open, every call of an adding function in a pass through the model is made by `makes`.

    Args:
        model: any module; its hooks are gone when this closes.
        makes: what to do with each call.
    """

    def __init__(self, model: nn.Module, makes: Makes) -> None:
        super().__init__()
        self.model, self.makes = model, makes
        self._handles: list[RemovableHandle] = []
        self._runs: Counter[str] = Counter()
        self._running: list[tuple[str, int]] = []
        self._sums: list[int] = []  # of each running module, how many there were

    def __enter__(self) -> SumCalls:
        for name, module in self.model.named_modules():
            self._handles.append(module.register_forward_pre_hook(partial(self._enter, name)))
            self._handles.append(module.register_forward_hook(self._leave, always_call=True))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *raised: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        super().__exit__(*raised)  # type: ignore[no-untyped-call]

    def _enter(self, name: str, module: nn.Module, inputs: Any) -> None:
        if not self._running:
            self._runs.clear()
        self._runs[name] += 1
        self._running.append((name, self._runs[name]))
        self._sums.append(0)

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._running.pop()
        self._sums.pop()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        name = getattr(func, "__name__", "")
        if not self._running or (name not in SUMS and name not in SUMS_IN_PLACE):
            return func(*args, **given)
        self._sums[-1] += 1
        return self.makes(SumCall(*self._running[-1], self._sums[-1]), func, args, given)
