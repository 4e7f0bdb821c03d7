"""What each layer gave over several batches, and the gradient that came back to it: the raw material of the rules."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from resnetlab.analysis.effective_rank import effective_rank, feature_rows
from resnetlab.analysis.operations import BOUNDS
from resnetlab.analysis.tracing import Layer, layers_of, tensors_in, watching

NEAR = 0.02  # of the way between the bounds: what is nearer to one of them is saturated
NO_ELEMENTWISE = ("Softmax", "Softmin", "LogSoftmax", "Softmax2d", "MultiheadAttention", "GLU")


@dataclass(frozen=True)
class LayerState(Layer):
    """One call of one layer over all batches.

    Attributes:
        is_weighted: a convolution, a linear layer, or another with a matrix of weights.
        is_activation: an elementwise activation of PyTorch.
        mean: of all elements of the output.
        std: of all elements, around `mean`.
        largest: absolute value in the output or, where that is larger, in the gradient with respect to it.
        dead_units: share of the units that were exactly zero for every image.
        dead_channels: share of the channels all of whose units were.
        saturated: share of the elements next to a bound of the activation; None where it has no bounds.
        effective_rank: of the channels over images and positions of one batch; None of layers without weights.
        rank_limit: what the effective rank could be at most; None as above.
        gradient: Euclidean norm of the gradient of a batch's mean loss with respect to the output, root mean square
            over the batches; None where none came by.
        gradient_gain: of an activation, the gradient's norm at its input over that at its output; None of others.
        input_mean, input_std, input_largest: of what the layer took, likewise over all elements.
        dead_inputs: share of the channels of what it took that were zero for every image; None where it took none.
        is_finite: all numbers of the output were.
    """

    is_weighted: bool
    is_activation: bool
    mean: float
    std: float
    largest: float
    dead_units: float
    dead_channels: float
    saturated: float | None
    effective_rank: float | None
    rank_limit: int | None
    gradient: float | None
    gradient_gain: float | None
    input_mean: float
    input_std: float
    input_largest: float
    dead_inputs: float | None
    is_finite: bool


@dataclass
class _Moments:
    """Sums over elements."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    largest: float = 0.0
    alive: Tensor | None = None

    def add(self, tensor: Tensor) -> None:
        values = tensor.detach().float()
        self.count += values.numel()
        self.total += values.sum(dtype=torch.float64).item()
        self.squares += torch.linalg.vector_norm(values, dtype=torch.float64).square().item()
        self.largest = max(self.largest, values.abs().amax().item()) if values.numel() else self.largest
        alive = (values != 0).any(dim=0) if values.dim() else values != 0
        same = self.alive is not None and self.alive.shape == alive.shape
        self.alive = self.alive | alive if same and self.alive is not None else alive

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else math.nan

    @property
    def std(self) -> float:
        if not self.count:
            return math.nan
        variance = self.squares / self.count - self.mean**2
        return math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else math.nan

    def dead(self, channels_last: bool) -> tuple[float, float]:
        """The shares of units and of channels without any number but zero."""
        if self.alive is None or not self.alive.numel():
            return 0.0, 0.0
        alive = self.alive.reshape(1) if self.alive.dim() == 0 else self.alive
        by_channel = (
            alive.reshape(-1, alive.shape[-1]).any(0)
            if channels_last
            else alive.flatten(1).any(1)
            if alive.dim() > 1
            else alive
        )
        return 1 - alive.double().mean().item(), 1 - by_channel.double().mean().item()


@dataclass
class _Tally:
    """What was read of one call so far."""

    layer: Layer
    output: _Moments = field(default_factory=_Moments)
    taken: _Moments = field(default_factory=_Moments)
    near_bounds: int = 0
    rank: tuple[float, int] | None = None
    gradients: list[float] = field(default_factory=list)
    input_gradients: list[list[float]] = field(default_factory=list)  # of each batch, filled on the way back
    largest_gradient: float = 0.0
    is_finite: bool = True
    channels_last: bool = False


class LayerObserver:
    """Reads every layer while it is open, over as many passes as are run; leaves nothing on the model.

    Args:
        model: any module.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.modules = layers_of(model)
        self._tallies: dict[tuple[str, int], _Tally] = {}
        self._incoming: dict[str, list[float]] = {}
        self._channels_last: dict[str, bool] = {}  # of activations that take what a layer gave as it is
        self._given: tuple[Tensor, bool] | None = None  # what the last layer gave, and whether channels stand last

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Reads in the block, forward and backward."""
        with ExitStack() as open_hooks:
            for name, module in self.modules.items():
                if is_activation(module):
                    hook = module.register_forward_pre_hook(partial(self._before, name))
                    open_hooks.callback(hook.remove)
            open_hooks.enter_context(watching(self.model, self.modules, self._read))
            yield
        self._given = None

    def states(self) -> tuple[LayerState, ...]:
        """What was read, in the order of the calls."""
        return tuple(self._state(tally) for tally in self._tallies.values())

    def _before(self, name: str, module: nn.Module, inputs: Any) -> None:
        """An activation may write over its input, so its gradient is asked for before."""
        norms: list[float] = []
        self._incoming[name] = norms
        taken = next(tensors_in(inputs), None)
        if taken is not None and belongs_to_pass(taken):
            taken.register_hook(lambda gradient: norms.append(gradient_norm(gradient)))
        self._channels_last.pop(name, None)
        if self._given is not None and taken is self._given[0]:  # its channels lie where those of what it takes do
            self._channels_last[name] = self._given[1]

    def _read(self, layer: Layer, inputs: Any, output: Any) -> None:
        tensor = next(tensors_in(output))
        if not tensor.is_floating_point() or not tensor.numel():
            return
        module = self.modules[layer.name]
        key = (layer.name, layer.call)
        tally = self._tallies.setdefault(key, _Tally(layer))
        tally.output.add(tensor)
        tally.is_finite &= math.isfinite(tally.output.squares)
        if is_weighted(module):
            self._read_weighted(tally, inputs, tensor)
        if layer.kind.lower() in BOUNDS:
            tally.near_bounds += count_near_bounds(tensor, layer.kind.lower())
        if is_activation(module):
            tally.input_gradients.append(self._incoming.get(layer.name, []))
        if belongs_to_pass(tensor):
            tensor.register_hook(partial(_read_gradient, tally))
        tally.channels_last = self._has_channels_last(layer.name, tensor.dim() - 1)
        self._given = tensor, tally.channels_last

    def _read_weighted(self, tally: _Tally, inputs: Any, output: Tensor) -> None:
        taken = next((one for one in tensors_in(inputs) if one.is_floating_point()), None)
        if taken is not None:
            tally.taken.add(taken)
        if tally.rank is None and output.dim() > 1 and tally.is_finite:
            rows = feature_rows(output.detach(), self._has_channels_last(tally.layer.name, output.dim() - 1))
            tally.rank = effective_rank(rows), min(rows.shape[1], max(len(rows) - 1, 1))

    def _has_channels_last(self, name: str, dimensions: int) -> bool:
        """Whether channels stand last in what a layer gives, of so many dimensions beside the images."""
        module = self.modules[name]
        if isinstance(module, _ConvNd | _BatchNorm):
            return False
        usual = isinstance(module, nn.Linear | nn.LayerNorm) or dimensions == 2  # tokens
        return self._channels_last.get(name, usual)

    def _state(self, tally: _Tally) -> LayerState:
        module = self.modules[tally.layer.name]
        last = tally.channels_last
        dead_units, dead_channels = tally.output.dead(last)
        weighted, activation = is_weighted(module), is_activation(module)
        incoming = [norm for batch in tally.input_gradients for norm in batch]
        gain = root_mean_square(incoming), root_mean_square(tally.gradients)
        return LayerState(
            **vars(tally.layer),
            is_weighted=weighted,
            is_activation=activation,
            mean=tally.output.mean,
            std=tally.output.std,
            largest=max(tally.output.largest, tally.largest_gradient),
            dead_units=dead_units,
            dead_channels=dead_channels,
            saturated=tally.near_bounds / tally.output.count if tally.layer.kind.lower() in BOUNDS else None,
            effective_rank=tally.rank[0] if tally.rank else None,
            rank_limit=tally.rank[1] if tally.rank else None,
            gradient=gain[1],
            gradient_gain=gain[0] / gain[1] if activation and gain[0] is not None and gain[1] else None,
            input_mean=tally.taken.mean,
            input_std=tally.taken.std,
            input_largest=tally.taken.largest,
            dead_inputs=tally.taken.dead(last)[1] if tally.taken.alive is not None else None,
            is_finite=tally.is_finite,
        )


def is_weighted(module: nn.Module) -> bool:
    """Whether it multiplies by a matrix of weights, as convolutions and linear layers do."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.dim() > 1 and not isinstance(module, nn.Embedding)


def is_activation(module: nn.Module) -> bool:
    """Whether it is one of PyTorch's activations that work on each element."""
    kind = type(module)
    return kind.__module__ == "torch.nn.modules.activation" and kind.__name__ not in NO_ELEMENTWISE


def belongs_to_pass(tensor: Tensor) -> bool:
    """Whether a gradient will come to it, and what is hung on it goes with the pass; on a parameter it would stay."""
    return tensor.requires_grad and not tensor.is_leaf


def count_near_bounds(output: Tensor, kind: str) -> int:
    """How many numbers of a squashing function's output lie next to one of its bounds, where it hardly slopes."""
    low, high = BOUNDS[kind]
    values, margin = output.detach(), NEAR * (high - low)
    return int(((values < low + margin) | (values > high - margin)).sum().item())


def gradient_norm(gradient: Tensor) -> float:
    """Euclidean, of all its numbers."""
    dtype = torch.promote_types(gradient.dtype, torch.float32)
    return torch.linalg.vector_norm(gradient.detach(), dtype=dtype).item()


def _read_gradient(tally: _Tally, gradient: Tensor) -> None:
    tally.gradients.append(gradient_norm(gradient))
    tally.largest_gradient = max(tally.largest_gradient, gradient.detach().abs().amax().item())


def root_mean_square(values: list[float]) -> float | None:
    """Of as many numbers as there are; None of none."""
    return math.sqrt(sum(value**2 for value in values) / len(values)) if values else None
