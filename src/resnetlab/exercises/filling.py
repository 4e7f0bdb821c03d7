"""Gives a learner's module the same weights as the library's, whatever its parts are called.

Every layer's numbers follow from its kind and its shape alone, so nothing has to be found by name.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


class UnregisteredError(TypeError):
    """A module holds others in a place where PyTorch does not look for them."""


def fill(module: nn.Module, seed: int) -> nn.Module:
    """Set all convolutions, norms and linear layers, in place.

    Args:
        module: any.
        seed: other numbers for each.

    Raises:
        UnregisteredError: modules stand in a plain list, tuple or dict.
        TypeError: a parameter stands in no such layer, so that nobody can know which of the library's it is.
    """
    _refuse_unregistered(module)
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


def _refuse_unregistered(module: nn.Module) -> None:
    known = set(module.modules())
    for part in known:
        for name, held in vars(part).items():
            if any(one not in known for one in _modules_in(held)):
                raise UnregisteredError(
                    f"the modules in self.{name} stand in a plain {type(held).__name__}, where nothing registers "
                    "them: their parameters are not the network's; put them into nn.Sequential or nn.ModuleList"
                )


def _modules_in(held: Any) -> Iterator[nn.Module]:
    """Those in a list, tuple or dict, or in such ones inside it."""
    for one in held.values() if isinstance(held, dict) else held if isinstance(held, list | tuple) else ():
        if isinstance(one, nn.Module):
            yield one
        yield from _modules_in(one)


def parameter_count(module: nn.Module) -> int:
    """Of everything that is learned; a tensor that two layers share counts once."""
    return sum(parameter.numel() for parameter in module.parameters())


@contextmanager
def shapes_only() -> Iterator[None]:
    """Modules that are made inside have parameters of their full size, which take no memory and have no numbers."""
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Draws no numbers: where there is no memory for them, PyTorch loads its compiler first, for two seconds."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in (Tensor.normal_, Tensor.uniform_) or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else given["tensor"]
        return func(*args, **given)


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
