"""Ways to run a module that leave it as it was: state that is given back, and copies that hold no numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import nn

from resnetlab.core.errors import ResnetlabError

AnyModule = TypeVar("AnyModule", bound=nn.Module)


@contextmanager
def preserved(model: nn.Module) -> Iterator[None]:
    """Gives training flags and buffers back as they were, however the block ends."""
    flags = [(module, module.training) for module in model.modules()]
    buffers = [
        (module, name, buffer, None if buffer is None else buffer.clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
    ]
    try:
        yield
    finally:
        for module, flag in flags:
            module.training = flag
        with torch.no_grad():
            for module, name, buffer, before in buffers:
                module._buffers[name] = buffer
                if buffer is not None and before is not None:
                    buffer.copy_(before)


@contextmanager
def in_evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Every module evaluates in the block, and is afterwards in the mode it came in, however the block ends."""
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, flag in flags:
            module.training = flag


def weightless_copy(model: AnyModule) -> AnyModule:
    """Copies a module with its tensors on the meta device: every shape and no number, so it costs nothing."""
    memo: dict[int, Any] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
        for parameter in model.parameters()
    }
    memo |= {id(buffer): torch.empty_like(buffer, device="meta") for buffer in model.buffers()}
    return copy.deepcopy(model, memo)


def run_without_data(model: nn.Module, input_size: tuple[int, ...], device: str) -> None:
    """Runs a copy made for measuring once, in evaluation mode, on one input that holds nothing of meaning.

    Raises:
        ResnetlabError: the model cannot take this size, or cannot run on this device.
    """
    floating = (tensor for tensor in model.parameters() if tensor.is_floating_point())
    dtype = next((tensor.dtype for tensor in floating), torch.get_default_dtype())
    model.eval()
    try:
        with torch.no_grad(), torch.device(device):
            model(torch.zeros(1, *input_size, dtype=dtype))
    except ResnetlabError:
        raise
    except Exception as error:  # whatever a user's module raises, where a tensor holds no numbers too
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise ResnetlabError(
            f"{type(model).__name__} did not run on one input of size {input_size} on device {device!r}:\n"
            f"{reason}\n"
            "try another input size; device='cpu' serves a model that looks at the numbers"
        ) from error
