"""Small modules of every kind that the probes meet, and the fingerprint of a module that must not change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from resnetlab.data import load_data


class Block(nn.Module):
    """A residual block as many write it: one in-place ReLU used twice, an in-place addition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x
        return self.relu(out)


def _fingerprint(model: nn.Module) -> dict[str, Any]:
    """All that a probe could leave behind: objects, modes, hooks, numbers, gradients, attributes."""
    return {
        name: (
            id(module),
            module.training,
            sorted(module.__dict__),
            {key: id(child) for key, child in module._modules.items()},
            {key: len(hooks) for key, hooks in vars(module).items() if key.endswith("hooks") and hooks is not None},
            [_tensor_print(tensor) for tensor in module.parameters(recurse=False)],
            [_tensor_print(tensor) for tensor in module.buffers(recurse=False)],
        )
        for name, module in model.named_modules()
    }


def _tensor_print(tensor: Tensor) -> tuple[Any, ...]:
    digest = hashlib.sha256(tensor.detach().cpu().numpy().tobytes()).hexdigest()
    gradient = None if tensor.grad is None else tensor.grad.sum().item()
    return id(tensor), digest, str(tensor.device), tensor.requires_grad, gradient, len(tensor._backward_hooks or ())


@pytest.fixture
def images() -> Tensor:
    return torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="session")
def batches() -> list[tuple[Tensor, Tensor]]:
    """Three times 32 digits."""
    data = load_data("digits")
    return [(data.train_images[at : at + 32], data.train_labels[at : at + 32]) for at in range(0, 96, 32)]


@pytest.fixture
def model() -> nn.Sequential:
    """A residual network of two blocks and a few hundred weights."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.Sequential(Block(4), Block(4)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


@pytest.fixture
def fingerprint() -> Callable[[nn.Module], dict[str, Any]]:
    return _fingerprint
