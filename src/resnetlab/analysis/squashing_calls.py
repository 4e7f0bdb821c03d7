"""Sigmoids and their like that are called as functions: how saturated they are, how much gradient they pass on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from resnetlab.analysis.calls import SUM, Call, Calls
from resnetlab.analysis.layer_statistics import (
    belongs_to_pass,
    count_near_bounds,
    gradient_norm,
    is_activation,
    root_mean_square,
)
from resnetlab.analysis.tracing import Layer, layers_of, tensors_in, watching


@dataclass(frozen=True)
class SquashingCall:
    """One call of a squashing function over all batches.

    Attributes:
        layer: whose output it takes; where no layer gave that, the module that was running; "" is the whole.
        call: which one.
        saturated: share of the elements next to a bound.
        gradient_gain: the gradient's norm at its input over that at its output; None where none came by.
    """

    layer: str
    call: Call
    saturated: float
    gradient_gain: float | None


@dataclass
class _Tally:
    """What was read of one call so far."""

    layer: str
    count: int = 0
    near_bounds: int = 0
    gradients: list[float] = field(default_factory=list)
    input_gradients: list[float] = field(default_factory=list)

    def state(self, call: Call) -> SquashingCall:
        before, after = root_mean_square(self.input_gradients), root_mean_square(self.gradients)
        gain = before / after if before is not None and after else None
        return SquashingCall(self.layer, call, self.near_bounds / max(self.count, 1), gain)


class SquashingObserver:
    """Reads every such call while it is open, over as many passes as are run; modules that squash are not read.

    Args:
        model: any module; nothing is left on it.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.modules = dict(model.named_modules())
        self._tallies: dict[Call, _Tally] = {}
        self._given: tuple[str, Tensor] | None = None  # the layer that ended last, and what it gave

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Reads in the block, forward and backward."""
        with watching(self.model, layers_of(self.model), self._remember), Calls(self.model, self._make):
            yield
        self._given = None

    def states(self) -> tuple[SquashingCall, ...]:
        """What was read, in the order of the calls."""
        return tuple(tally.state(call) for call, tally in self._tallies.items())

    def _remember(self, layer: Layer, inputs: Any, output: Any) -> None:
        self._given = layer.name, next(tensors_in(output))

    def _make(self, call: Call, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        taken = next(tensors_in((args, kwargs)))
        if call.kind == SUM or is_activation(self.modules[call.module]) or not taken.is_floating_point():
            return func(*args, **kwargs)
        direct = self._given is not None and self._given[1] is taken
        place = self._given[0] if direct and self._given is not None else call.module
        tally = self._tallies.setdefault(call, _Tally(place))
        _follow(taken, tally.input_gradients)  # before the call, which may write over it
        given = func(*args, **kwargs)
        _follow(given, tally.gradients)
        tally.count += given.numel()
        tally.near_bounds += count_near_bounds(given, call.kind)
        return given


def _follow(tensor: Tensor, norms: list[float]) -> None:
    if belongs_to_pass(tensor):
        tensor.register_hook(lambda gradient: norms.append(gradient_norm(gradient)))
