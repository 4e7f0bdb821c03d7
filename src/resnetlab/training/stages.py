"""Which parts of a network can be named: stem, stages, head, of ours and of anybody's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torch import nn

NUMBERED = re.compile(r"(layer|stage|block|denseblock|transition|s)\d+")
"""What libraries call a stage: `layer1` here, in torchvision and timm, `block1` or `s1` in RegNets, …"""
CONTAINERS = ("stages", "features", "blocks", "layers")
"""What libraries call a module that holds nothing but stages, or layers where there are no stages."""

Stages = dict[str, tuple[nn.Module, ...]]


def stages(model: nn.Module) -> Stages:
    """The modules of each part that can be named, in the order of the forward pass.

    What stands before the first stage is the stem, what stands after the last one the head. A network without anything
    like stages has its direct children for parts.

    >>> from resnetlab import create_model
    >>> list(stages(create_model("resnet20")))
    ['stem', 'layer1', 'layer2', 'layer3', 'head']

    Args:
        model: any module whose parts are registered in the order in which they compute.
    """
    trunk = next(((path, module) for path, module in model.named_modules() if _holds_stages(path, module)), None)
    if trunk is None:
        return {name: (child,) for name, child in model.named_children()}
    parts: dict[str, list[nn.Module]] = {}
    names = _names_of_stages(*trunk)
    current, seen = "stem", 0
    for module in _units(model, set(names)):
        if module in names:
            current, seen = names[module], seen + 1
        elif seen == len(names):
            current = "head"
        parts.setdefault(current, []).append(module)
    return {name: tuple(modules) for name, modules in parts.items()}


def _holds_stages(path: str, module: nn.Module) -> bool:
    names = [name for name, _ in module.named_children()]
    contains = path.rpartition(".")[2] in CONTAINERS and isinstance(module, nn.Sequential | nn.ModuleList)
    return len(names) > 1 and (contains or sum(NUMBERED.fullmatch(name) is not None for name in names) > 1)


def _names_of_stages(path: str, trunk: nn.Module) -> dict[nn.Module, str]:
    """Every stage of a trunk with its name; a layer without kernels, a norm too, belongs to what stands before it."""
    container = path.rpartition(".")[2]
    numbered = {name: child for name, child in trunk.named_children() if NUMBERED.fullmatch(name)}
    if len(numbered) > 1:
        return {child: name for name, child in numbered.items()}
    learned = {name: child for name, child in trunk.named_children() if any(p.ndim > 1 for p in child.parameters())}
    if container == "stages":  # transformers' and timm's ResNets, which count from 0
        return {child: f"layer{int(name) + 1}" if name.isdecimal() else name for name, child in learned.items()}
    return {child: f"{container}.{name}" for name, child in learned.items()}


def _units(module: nn.Module, stage_modules: set[nn.Module]) -> Iterator[nn.Module]:
    """Yields the stages and, between them, the largest modules that hold none."""
    for child in module.children():
        if child in stage_modules or stage_modules.isdisjoint(child.modules()):
            yield child
        else:
            yield from _units(child, stage_modules)
