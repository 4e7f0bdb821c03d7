"""Small networks whose modules are called, and compute, as in well-known repositories of CIFAR networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class ShortcutBlock(nn.Module):
    """conv1, bn1, conv2, bn2 and a shortcut: empty, zero-padding without tensors, or a projection."""

    def __init__(self, inputs: int, outputs: int, stride: int, projects: bool) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        changes = stride > 1 or inputs != outputs
        self.shortcut = nn.Sequential()
        self.pads = (outputs - inputs) // 2 if changes and not projects else None
        if changes and projects:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        branch = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        skip = self.shortcut(x)
        if self.pads is not None:
            skip = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pads, self.pads))
        return F.relu(branch + skip)


class LinearHead(nn.Module):
    """As kuangliu/pytorch-cifar (four stages) and akamaster/pytorch_resnet_cifar10 (three, zero-padding)."""

    def __init__(self, widths: tuple[int, ...], projects: bool) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(3, widths[0], 3), nn.BatchNorm2d(widths[0])
        entering = (widths[0], *widths)
        for number, width in enumerate(widths, start=1):
            first = ShortcutBlock(entering[number - 1], width, 1 if number == 1 else 2, projects)
            self.add_module(f"layer{number}", nn.Sequential(first, ShortcutBlock(width, width, 1, projects)))
        self.linear = nn.Linear(widths[-1], 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        for name, child in self.named_children():
            x = child(x) if name.startswith("layer") else x
        return self.linear(x.mean((-2, -1)))


class ResidualFunctionBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        layers = [conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.residual_function = nn.Sequential(*layers, conv(outputs, outputs, 3), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.residual_function(x) + self.shortcut(x))


class NumberedStages(nn.Module):
    """As weiaicunzai/pytorch-cifar100."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(conv(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        for number, (inputs, width) in enumerate(((8, 8), (8, 16), (16, 32), (32, 64)), start=2):
            first = ResidualFunctionBlock(inputs, width, 1 if number == 2 else 2)
            self.add_module(f"conv{number}_x", nn.Sequential(first, ResidualFunctionBlock(width, width, 1)))
        self.fc = nn.Linear(64, 100)

    def forward(self, x: Tensor) -> Tensor:
        for name in ("conv1", "conv2_x", "conv3_x", "conv4_x", "conv5_x"):
            x = self.get_submodule(name)(x)
        return self.fc(x.mean((-2, -1)))


class WideBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs, 3)
        self.convShortcut = conv(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        branch = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return branch + (x if self.convShortcut is None else self.convShortcut(active))


class Stage(nn.Module):
    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class WideResNet(nn.Module):
    """As xternalz/WideResNet-pytorch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv(3, 16, 3)
        self.block1 = Stage(WideBlock(16, 32, 1), WideBlock(32, 32, 1))
        self.block2 = Stage(WideBlock(32, 64, 2), WideBlock(64, 64, 1))
        self.block3 = Stage(WideBlock(64, 128, 2), WideBlock(128, 128, 1))
        self.bn1 = nn.BatchNorm2d(128)
        self.fc = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(F.relu(self.bn1(x)), 1), 1))
