"""Networks made without numbers: each tensor is drawn when it is asked for, to the bits that it would have had.

One generator draws all weights, one after the other. So what is done to each tensor is written down while the network
is made, which takes no memory. The first time that one is asked for all of them are drawn in that order, each into
memory that is let go at once, and only where the generator stood before each draw is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

AnyModule = TypeVar("AnyModule", bound=nn.Module)
Draw = Callable[[str], Tensor]
"""Draws the numbers of the parameter of a name."""

EMPTY = torch.ops.aten.empty.memory_format
SAME_TENSOR = (torch.ops.aten.detach.default, torch.ops.aten.alias.default)
OVERWRITING = (
    torch.ops.aten.uniform_.default,
    torch.ops.aten.normal_.default,
    torch.ops.aten.fill_.Scalar,
    torch.ops.aten.zero_.default,
)


def make_without_numbers(make: Callable[[], AnyModule]) -> tuple[AnyModule, Draw]:
    """A network whose parameters are on the meta device, and what draws each of them as it would have been drawn.

    What is made with numbers at once, as running statistics are, stays as it is. PyTorch's generator stays where it
    was.

    Args:
        make: makes the network on the processor, and sets each parameter in place, by itself alone: as the layers of
            PyTorch and `torch.nn.init` do.

    Raises:
        NotImplementedError: a parameter is set by what another one is.
    """
    began_at = torch.get_rng_state()
    with _Recording() as recording:
        model = make()
    names = {_place(tensor): name for name, tensor in model.named_parameters() if tensor.is_meta}
    acts = tuple((names.get(_place(act.tensor)), act) for act in recording.acts)
    return model, _Drawing(began_at, acts)


@dataclass(frozen=True, eq=False)
class _Act:
    """Something that was done to a tensor without numbers, in place.

    Args:
        tensor: which one.
        operation: what.
        rest: its other arguments.
        settings: those that have names.
    """

    tensor: Tensor
    operation: OpOverload
    rest: tuple[Any, ...]
    settings: Mapping[str, Any]

    @property
    def draws(self) -> bool:
        """Whether PyTorch's generator moves on."""
        return torch.Tag.nondeterministic_seeded in self.operation.tags

    def on(self, tensor: Tensor) -> Tensor:
        """Do it to another tensor; gives that."""
        self.operation(tensor, *self.rest, **self.settings)
        return tensor

    def afresh(self) -> Tensor:
        """Do it to a new tensor of the same shape and type, on the processor."""
        return self.on(torch.empty(self.tensor.shape, dtype=self.tensor.dtype))


class _Recording(TorchDispatchMode):
    """Makes tensors without numbers in the place of empty ones, and writes down what is done to them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.acts: list[_Act] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        settings = dict(kwargs or {})
        if func is EMPTY:
            return func(*args, **{**settings, "device": "meta"})
        without = [value for value in (*args, *settings.values()) if isinstance(value, Tensor) and value.is_meta]
        if without and func not in SAME_TENSOR:
            target = args[0]
            if not func._schema.is_mutable or len(without) > 1 or without[0] is not target or not _is_whole(target):
                raise NotImplementedError(f"{func} needs numbers that are not drawn yet")
            self.acts.append(_Act(target.detach(), func, tuple(args[1:]), settings))
            return target
        return func(*args, **settings)


@dataclass(frozen=True, eq=False)
class _Drawing:
    """Draws tensors again, each from where the generator stood when it was its turn.

    Args:
        began_at: where the generator stood at first.
        acts: all that was done, in order, with the name of the parameter that it was done to, where that still is one.
    """

    began_at: Tensor
    acts: tuple[tuple[str | None, _Act], ...]

    @torch.no_grad()
    def __call__(self, name: str) -> Tensor:
        """The numbers of a parameter."""
        (act, state), *rest = self._histories[name]
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(state)
            tensor = act.afresh()
            for act, state in rest:
                torch.set_rng_state(state)
                act.on(tensor)
        return tensor

    @cached_property
    @torch.no_grad()
    def _histories(self) -> dict[str, list[tuple[_Act, Tensor]]]:
        """For each parameter what was done to it since it was last overwritten, and where the generator stood."""
        histories: dict[str, list[tuple[_Act, Tensor]]] = {}
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self.began_at)
            state = self.began_at
            for name, act in self.acts:
                if name is not None:
                    before = [] if act.operation in OVERWRITING else histories[name]
                    histories[name] = [*before, (act, state)]
                if act.draws:
                    act.afresh()
                    state = torch.get_rng_state()
        return histories


def _is_whole(tensor: Tensor) -> bool:
    """Whether it is all of what it is a view of."""
    return tensor.is_contiguous() and tensor.numel() * tensor.itemsize == tensor.untyped_storage().nbytes()


def _place(tensor: Tensor) -> int:
    """Equal for two tensors that hold the same numbers."""
    return tensor.untyped_storage()._cdata
