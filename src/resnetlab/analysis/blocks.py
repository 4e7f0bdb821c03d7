"""Which blocks a network is made of, and which of them it could do without."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.tracing import Layer, modules_named, tensors_in, watching
from resnetlab.analysis.untouched import weightless_copy

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def find_blocks(model: nn.Module) -> dict[str, nn.Module]:
    """Finds the blocks a network is made of, by name.

    A block is a module with children that stands in a container (`nn.Sequential`, `nn.ModuleList`, or a module
    whose children are all of one class) and in no other block, as `layer1.1` does in a ResNet.
    """
    return dict(_blocks_of(model))


def removable_blocks(
    model: nn.Module, images: Float[Tensor, "n ..."], names: Iterable[str] | None = None
) -> dict[str, tuple[int, ...]]:
    """Finds the blocks that give the shape they take: their names in the order of the calls, with that shape.

    Shapes are without the images. The model runs as a copy: without data, or with it where it looks at numbers.

    Args:
        model: any module.
        images: (N, C, H, W); their numbers do not matter to a model that does not look at numbers.
        names: the modules to look at; those of `find_blocks` by default.
    """
    try:
        return _keeping_shape(weightless_copy(model), images.to("meta"), names)
    except Exception:  # whatever a user's module raises where tensors hold no numbers
        return _keeping_shape(copy.deepcopy(model), images.clone(), names)


def _keeping_shape(twin: nn.Module, images: Tensor, names: Iterable[str] | None) -> dict[str, tuple[int, ...]]:
    """Runs a copy once, and gives its blocks that keep their shape in every call."""
    blocks = find_blocks(twin) if names is None else modules_named(twin, names)
    kept: dict[str, tuple[int, ...] | None] = {}

    def compare(layer: Layer, inputs: Any, output: Any) -> None:
        taken = [tuple(tensor.shape) for tensor in tensors_in(inputs)]
        keeps = [tuple(tensor.shape) for tensor in tensors_in(output)] == taken
        kept[layer.name] = layer.shape if keeps and kept.get(layer.name, layer.shape) == layer.shape else None

    with torch.no_grad(), torch.device(images.device), watching(twin.eval(), blocks, compare):
        twin(images)
    return {name: shape for name, shape in kept.items() if shape is not None}


def _blocks_of(module: nn.Module, path: str = "") -> Iterator[tuple[str, nn.Module]]:
    children = list(module.children())
    of_one_class = len(children) > 1 and len({type(child) for child in children}) == 1
    for name, child in module.named_children():
        child_path = f"{path}.{name}" if path else name
        if (isinstance(module, CONTAINERS) or of_one_class) and _is_block(child):
            yield child_path, child
        else:
            yield from _blocks_of(child, child_path)


def _is_block(module: nn.Module) -> bool:
    """Tells a block from a layer, a container, and a stage: a module with a container of nothing but blocks in it."""
    if isinstance(module, CONTAINERS) or not any(module.children()):
        return False
    inside = (part for part in module.modules() if isinstance(part, CONTAINERS) and any(part.children()))
    return not any(all(_is_block(child) for child in container.children()) for container in inside)
