"""What a network costs: parameters, multiply-adds, activations and memory, layer by layer, for any module.

Multiply-adds are counted by running: `torch.utils.flop_counter` sees every operator, and two of its operations are
one multiply-add. The run happens on a copy on the meta device, so that a network of any size costs nothing.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from resnetlab.analysis.tracing import Layer, layers_of, tensors_in, watching
from resnetlab.analysis.untouched import run_without_data, weightless_copy


@dataclass(frozen=True)
class LayerCost(Layer):
    """What one call of one layer costs, for one image.

    Attributes:
        params: its own parameters, counted at its first call; 0 where another layer already counted them.
        macs: multiply-adds; biases, normalisation and activations are not counted, as is usual.
        activations: elements of its output.
        weight_bytes: memory of its own parameters and buffers.
        activation_bytes: memory newly taken by its output; 0 where it writes in place or gives a view.
    """

    params: int
    macs: int
    activations: int
    weight_bytes: int
    activation_bytes: int


@dataclass(frozen=True)
class Complexity:
    """What a network costs, for one image: the layers in the order of their calls, and their sums.

    Layers that never ran stand last, as call 0. A container is a layer where it computes something itself.
    """

    input_size: tuple[int, ...]
    layers: tuple[LayerCost, ...]
    params: int
    macs: int
    activations: int
    weight_bytes: int
    activation_bytes: int


def count_parameters(model: nn.Module, trainable_only: bool = False) -> int:
    """Counts the parameters, shared ones once; only those that ask for a gradient if so wished."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)


def count_macs(model: nn.Module, input_size: tuple[int, ...]) -> int:
    """Counts the multiply-adds for one image of `input_size`, (channels, height, width)."""
    return measure_complexity(model, input_size).macs


def measure_complexity(model: nn.Module, input_size: tuple[int, ...], device: str = "meta") -> Complexity:
    """Measures what each layer of any module costs; the module itself is not touched.

    Args:
        model: any module that takes one tensor.
        input_size: one image, (channels, height, width).
        device: where the copy runs; "meta" needs neither memory nor time.

    Raises:
        ResnetlabError: the model cannot take this size, or cannot run on this device.
    """
    twin = weightless_copy(model) if device == "meta" else copy.deepcopy(model).to(device)
    tally = _Tally(twin)
    with tally.counter, watching(twin, dict(twin.named_modules()), tally.leave, tally.enter):
        run_without_data(twin, input_size, device)
    rows = (*tally.rows, *tally.never_ran())
    return Complexity(
        input_size=tuple(input_size),
        layers=rows,
        params=count_parameters(model),
        macs=tally.counter.get_total_flops() // 2,
        activations=sum(row.activations for row in rows),
        weight_bytes=sum(row.weight_bytes for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
    )


class _Tally:
    """The rows of a run, and for every module that is running the operations before it and inside its children."""

    def __init__(self, model: nn.Module) -> None:
        self.counter = FlopCounterMode(display=False)
        self.rows: list[LayerCost] = []
        self.modules = dict(model.named_modules())
        self.layers = layers_of(model)
        self.running: list[list[int]] = []
        self.counted: set[int] = set()

    def enter(self, name: str) -> None:
        self.running.append([self.counter.get_total_flops(), 0])

    def leave(self, layer: Layer, inputs: Any, output: Any) -> None:
        before, inside_children = self.running.pop()
        inside = self.counter.get_total_flops() - before
        if self.running:
            self.running[-1][1] += inside
        if layer.name in self.layers or inside > inside_children:
            self.rows.append(self._row(layer, (inside - inside_children) // 2, inputs, output))

    def never_ran(self) -> list[LayerCost]:
        ran = {row.name for row in self.rows}
        missing = {name: module for name, module in self.layers.items() if name not in ran}
        return [self._row(Layer(name, type(module).__name__, 0, ()), 0, (), ()) for name, module in missing.items()]

    def _row(self, layer: Layer, macs: int, inputs: Any, output: Any) -> LayerCost:
        given = {tensor.untyped_storage()._cdata for tensor in tensors_in(inputs)}
        outputs = tuple(tensors_in(output))
        fresh = [tensor for tensor in outputs if tensor.untyped_storage()._cdata not in given]
        module = self.modules[layer.name]
        every = (*module.parameters(recurse=False), *module.buffers(recurse=False))
        own = [tensor for tensor in every if id(tensor) not in self.counted]
        self.counted |= {id(tensor) for tensor in own}
        return LayerCost(
            **vars(layer),
            params=sum(tensor.numel() for tensor in own if isinstance(tensor, nn.Parameter)),
            macs=macs,
            activations=sum(tensor.numel() for tensor in outputs),
            weight_bytes=sum(tensor.nbytes for tensor in own),
            activation_bytes=sum(tensor.nbytes for tensor in fresh),
        )
