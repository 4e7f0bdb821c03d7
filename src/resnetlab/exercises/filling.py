"""Gives a learner's module the same weights as the library's, whatever its parts are called.

Every layer's numbers follow from its kind and its shape alone, so nothing has to be found by name.
"""

from __future__ import annotations

import zlib

import torch
from torch import Tensor, nn


def fill(module: nn.Module, seed: int) -> nn.Module:
    """Set all convolutions, norms and linear layers, in place.

    Args:
        module: any.
        seed: other numbers for each.

    Raises:
        TypeError: a parameter stands in no such layer, so that nobody can know which of the library's it is.
    """
    reached = set()
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
            reached |= {id(parameter) for parameter in layer.parameters(recurse=False)}
        if isinstance(layer, nn.Conv2d | nn.Linear):
            scale = (2 / layer.weight[0].numel()) ** 0.5
            _set(layer.weight, _numbers(seed, "weight", layer.weight) * scale)
            if layer.bias is not None:
                _set(layer.bias, _numbers(seed, "bias", layer.bias))
        elif isinstance(layer, nn.BatchNorm2d):
            for name in ("weight", "bias", "running_mean", "running_var"):
                held = getattr(layer, name)
                if held is not None:
                    drawn = _numbers(seed, f"norm {name}", held)
                    # γ and the variance are positive, as they are in a network that works.
                    _set(held, (drawn / 2).exp() if name in ("weight", "running_var") else drawn / 2)
    for name, parameter in module.named_parameters():
        if id(parameter) not in reached:
            raise TypeError(
                f"the parameter {name} stands in no nn.Conv2d, nn.BatchNorm2d or nn.Linear: use these layers"
            )
    return module


def parameter_count(module: nn.Module) -> int:
    """Of everything that is learned; a tensor that two layers share counts once."""
    return sum(parameter.numel() for parameter in module.parameters())


def running_statistics(module: nn.Module) -> Tensor:
    """All running means and variances of the module, sorted, so that names and order do not matter."""
    kept = [buffer.detach().flatten() for buffer in module.buffers() if buffer.is_floating_point()]
    return torch.cat([*kept, torch.zeros(0)]).sort().values


def parameter_gradients(module: nn.Module) -> Tensor:
    """The norm of each parameter's gradient, sorted; −1 stands for one that has none."""
    norms = [-1.0 if held.grad is None else float(held.grad.norm()) for held in module.parameters()]
    return torch.tensor(norms, dtype=torch.float64).sort().values


def _numbers(seed: int, kind: str, like: Tensor) -> Tensor:
    of = zlib.crc32(f"{seed} {kind} {tuple(like.shape)}".encode())
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(of))


def _set(held: Tensor, value: Tensor) -> None:
    with torch.no_grad():
        held.copy_(value)
