"""Which call of a function makes a sum or squashes, told so that the same call is found again in any other run.

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

from resnetlab.analysis.operations import BOUNDS

SUMS = frozenset({"add", "__add__", "__radd__", "addcmul", "lerp"})
SUMS_IN_PLACE = frozenset({"add_", "__iadd__", "addcmul_", "lerp_"})
SUM = "sum"
KINDS = dict.fromkeys(SUMS | SUMS_IN_PLACE, SUM) | {"special_expit": "sigmoid"}
KINDS |= {f"{name}{mark}": name for name in BOUNDS for mark in ("", "_")}
"""Name of a function → what its calls are counted as."""


@dataclass(frozen=True)
class Call:
    """One call in one pass through a model.

    Attributes:
        module: dotted path of the innermost module that was running; "" is the whole.
        run: 1 for the module's first run in the pass, 2 for its second.
        kind: "sum", or a squashing function: "sigmoid", "tanh".
        number: 1 for the first call of this kind in that run; those of modules inside are not counted.
    """

    module: str
    run: int
    kind: str
    number: int


@dataclass(frozen=True)
class MadeBy:
    """The call that made an operation.

    Attributes:
        call: the call.
        takes: for each tensor among its arguments the index of the operation that gave it.
    """

    call: Call
    takes: tuple[int, ...]


Makes = Callable[[Call, Any, Sequence[Any], Mapping[str, Any]], Any]
"""Makes a call: it is told which, the function and its arguments, and gives the result."""


class Calls(TorchFunctionMode):
    """While it is open, every adding or squashing call in a pass through the model is made by `makes`.

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
        self._counts: list[Counter[str]] = []  # of each running module, how many calls of a kind there were

    def __enter__(self) -> Calls:
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
        self._counts.append(Counter())

    def _leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self._running.pop()
        self._counts.pop()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        kind = KINDS.get(getattr(func, "__name__", ""))
        if kind is None or not self._running:
            return func(*args, **given)
        self._counts[-1][kind] += 1
        return self.makes(Call(*self._running[-1], kind, self._counts[-1][kind]), func, args, given)
