"""Networks with one fault each, as people really plant them, and their healthy twins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

CLASSES = 10


def plain(depth: int = 8, activation: Callable[[], nn.Module] = nn.ReLU, scale: float = 1.0) -> nn.Sequential:
    """Convolutions without norms, by He et al. 2015a's initialisation times `scale`."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for at in range(depth):
        layers += [nn.Conv2d(1 if at == 0 else 16, 16, 3, padding=1), activation()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, CLASSES))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            module.weight.data *= scale
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    return model


class Block(nn.Module):
    """A basic block; its options are the faults."""

    def __init__(self, width: int, *, skips: bool = True, detached: bool = False, bias: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.skips, self.detached = skips, detached

    def forward(self, x: Tensor) -> Tensor:
        x = x.detach() if self.detached else x
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(out + x if self.skips else out)


class Residual(nn.Module):
    """Stem, three stages of two blocks, head.

    Args:
        odd: changes one block or stage by its place, "layer2.1" → options of its block.
        unused: name of a stage whose output is multiplied by zero.
    """

    def __init__(self, odd: dict[str, dict[str, Any]] | None = None, unused: str = "", momentum: float = 0.1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(12)
        self.relu = nn.ReLU(inplace=True)
        for stage in ("layer1", "layer2", "layer3"):
            blocks = (Block(12, **(odd or {}).get(f"{stage}.{at}", {})) for at in range(2))
            self.add_module(stage, nn.Sequential(*blocks))
        self.fc = nn.Linear(12, CLASSES)
        self.unused = unused
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = momentum

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        for name in ("layer1", "layer2", "layer3"):
            given = getattr(self, name)(x)
            x = x + 0.0 * given if name == self.unused else given
        return self.fc(x.mean((2, 3)))


class NormsStay(Residual):
    """Batch norms that `train()` does not reach."""

    def train(self, mode: bool = True) -> NormsStay:
        super().train(mode)
        for name in ("layer2",):
            for module in getattr(self, name).modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self


def convolution(model: nn.Module, name: str) -> nn.Conv2d:
    """The convolution of this name."""
    found = model.get_submodule(name)
    assert isinstance(found, nn.Conv2d)
    return found


def norm(model: nn.Module, name: str) -> nn.BatchNorm2d:
    """The batch norm of this name."""
    found = model.get_submodule(name)
    assert isinstance(found, nn.BatchNorm2d)
    return found


def with_dead_channels(names: Iterable[str] = ("layer2.0.bn1",)) -> Residual:
    """Half of the channels of a layer never get above zero."""
    model = Residual()
    for name in names:
        norm(model, name).bias.data[:6] = -20.0
    return model


def with_scaled_head(factor: float = 100.0) -> Residual:
    model = Residual()
    model.fc.weight.data *= factor
    return model


def with_frozen_stem() -> Residual:
    """The stem's parameters do not learn, and its batch norm goes on measuring."""
    model = Residual()
    for module in (model.conv1, model.bn1):
        module.requires_grad_(False)
    return model
