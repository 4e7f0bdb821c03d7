"""What ran: the layers of any module in the order of their calls, with nothing left behind on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn

from resnetlab.core.errors import UnknownNameError


@dataclass(frozen=True)
class Layer:
    """One call of one layer: where it stands, what it is, and the shape of what it gave.

    Attributes:
        name: dotted path in the module, as `named_modules` gives it; "" is the module itself.
        kind: class of the layer.
        call: 1 for the first call in a forward pass, 2 for the second: a block may use one ReLU twice.
        shape: shape of the output without its first dimension, the images.
    """

    name: str
    kind: str
    call: int
    shape: tuple[int, ...]


OnCall = Callable[[Layer, Any, Any], None]
"""What is told about each call: the layer, its positional inputs and its output."""


def layers_of(model: nn.Module) -> dict[str, nn.Module]:
    """Gives the layers by name: every module without children, and every one with parameters of its own."""
    return {
        name: module
        for name, module in model.named_modules()
        if not any(module.children()) or any(True for _ in module.parameters(recurse=False))
    }


def modules_named(model: nn.Module, names: Iterable[str]) -> dict[str, nn.Module]:
    """Looks the modules up.

    Raises:
        UnknownNameError: the model has no module of that name.
    """
    known = dict(model.named_modules(remove_duplicate=False))
    wanted = tuple(names)
    for name in wanted:
        if name not in known:
            raise UnknownNameError(f"module of {type(model).__name__}", name, filter(None, known))
    return {name: known[name] for name in wanted}


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yields the tensors in what a module took or gave, however deep in tuples, lists and mappings."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from tensors_in(item)


@contextmanager
def watching(
    model: nn.Module,
    modules: Mapping[str, nn.Module],
    on_call: OnCall,
    before_call: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Tells `on_call` of every call of these modules of the model; no hook outlives the block.

    Args:
        model: the whole; calls are numbered anew in each of its forward passes.
        modules: parts of it to watch, by name.
        on_call: told after each call; calls that give no tensor are passed over.
        before_call: told the name before each call.
    """
    calls: Counter[str] = Counter()

    def called(name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        first = next(tensors_in(output), None)
        if first is not None:
            calls[name] += 1
            on_call(Layer(name, type(module).__name__, calls[name], tuple(first.shape[1:])), inputs, output)

    handles = []
    try:
        handles.append(model.register_forward_pre_hook(lambda module, inputs: calls.clear()))
        for name, module in modules.items():
            if before_call is not None:
                handles.append(module.register_forward_pre_hook(partial(_announce, before_call, name)))
            handles.append(module.register_forward_hook(partial(called, name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _announce(before_call: Callable[[str], None], name: str, module: nn.Module, inputs: Any) -> None:
    before_call(name)
