"""Which layers stand on a block's shortcut, told by how the block computes and not by what it calls them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

from resnetlab.analysis.blocks import CONTAINERS, find_blocks
from resnetlab.analysis.tracing import tensors_in
from resnetlab.analysis.untouched import weightless_copy

WEIGHTED = (nn.Conv2d, nn.Linear)
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def shortcut_layers(model: nn.Module, input_size: tuple[int, ...]) -> frozenset[str]:
    """Finds the convolutions, linear layers and pools on the shortcuts of a module's blocks, by name.

    Several ways may lead through a block, each ending in a layer that no other layer of the block follows. A way is a
    shortcut if it has one weighted layer at most where another has more, and ends in the shape of the block's output:
    an addition asks for that shape, and a concatenation excludes it.

    Args:
        model: any module that takes one tensor of `input_size`; it runs as a copy without data.
        input_size: one image, (channels, height, width).
    """
    run = _Run(model, input_size)
    found: set[str] = set()
    for block in run.ends:
        ways = {last: run.way_to(last, block) for last in run.before(run.ends[block], block)}
        weighted = {last: len(way & run.weighted) for last, way in ways.items()}
        short = {last for last in ways if weighted[last] <= 1 < max(weighted.values())}
        on_branch = set[str]().union(*(ways[last] for last in ways.keys() - short))
        for last in short:
            if run.shapes[last] == run.shapes[block]:
                found |= ways[last] - on_branch
    return frozenset(found)


class _Run:
    """The graph that autograd records of one run: where in it each block ends, and where each layer.

    Attributes:
        ends: of each block, the node of its output.
        weighted: names of the layers with weights.
        shapes: of the outputs of blocks and layers.
    """

    def __init__(self, model: nn.Module, input_size: tuple[int, ...]) -> None:
        twin = weightless_copy(model).eval()  # a copy, so that the hooks may stay on it
        blocks = _candidates(twin)
        layers = {name: module for name, module in twin.named_modules() if isinstance(module, (*WEIGHTED, *POOLS))}
        self.weighted = {name for name, module in layers.items() if isinstance(module, WEIGHTED)}
        self.ends: dict[str, Any] = {}
        self.layer_at: dict[Any, str] = {}
        self.node_of: dict[str, Any] = {}
        self.shapes: dict[str, torch.Size] = {}
        for name, module in (layers | blocks).items():
            module.register_forward_hook(partial(self._note, name, name in blocks))
        dtype = next((tensor.dtype for tensor in twin.parameters()), torch.get_default_dtype())
        with torch.enable_grad(), torch.device("meta"):
            twin(torch.zeros(1, *input_size, dtype=dtype, requires_grad=True).clone())
        self.block_at = {node: name for name, node in self.ends.items()}

    def _note(self, name: str, is_block: bool, module: nn.Module, inputs: Any, output: Any) -> None:
        tensor = next(tensors_in(output), None)
        if tensor is None or tensor.grad_fn is None:
            return
        self.shapes[name] = tensor.shape
        if is_block:
            self.ends[name] = tensor.grad_fn
        else:
            self.layer_at[tensor.grad_fn] = name
            self.node_of[name] = tensor.grad_fn

    def before(self, node: Any, block: str) -> Iterator[str]:
        """The layers of the block that the node draws on with no other layer between."""
        seen, ahead = {node}, [node]
        while ahead:
            for earlier, _ in ahead.pop().next_functions:
                if earlier is None or earlier in seen:
                    continue
                seen.add(earlier)
                layer, ending = self.layer_at.get(earlier), self.block_at.get(earlier)
                if layer is not None:
                    yield from [layer] if layer.startswith(f"{block}.") else []
                elif ending is None or ending.startswith(f"{block}."):  # what lies before another block is not its own
                    ahead.append(earlier)

    def way_to(self, last: str, block: str) -> set[str]:
        """The layer and all of the block that it draws on."""
        way, ahead = {last}, [last]
        while ahead:
            new = set(self.before(self.node_of[ahead.pop()], block)) - way
            way |= new
            ahead += new
        return way


def _candidates(model: nn.Module) -> dict[str, nn.Module]:
    """The blocks, and every other module with children that may be one, as a stage's only block may."""
    blocks = find_blocks(model)
    return blocks | {
        name: module
        for name, module in model.named_modules()
        if name and any(module.children()) and not isinstance(module, CONTAINERS)
        if not any(block.startswith(f"{name}.") for block in blocks)
    }
