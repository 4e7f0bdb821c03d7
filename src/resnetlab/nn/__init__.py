"""HOW networks compute: one residual block, the branches, and what builds a network from its spec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from resnetlab.nn.blocks import BasicBlock, BottleneckBlock, RegNetBlock
from resnetlab.nn.classifier import Classifier
from resnetlab.nn.densenet import DenseNet
from resnetlab.nn.efficientnet import EfficientNet, MBConvBlock
from resnetlab.nn.network import ResidualNetwork
from resnetlab.nn.residual import ResidualBlock
from resnetlab.nn.vgg import VGG
from resnetlab.specs.densenet import DenseNetSpec
from resnetlab.specs.efficientnet import EfficientNetSpec
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.network import NetworkSpec
from resnetlab.specs.vgg import VGGSpec

BUILDERS: dict[type[ModelSpec], Callable[[Any], Classifier]] = {
    NetworkSpec: ResidualNetwork,
    VGGSpec: VGG,
    DenseNetSpec: DenseNet,
    EfficientNetSpec: EfficientNet,
}


def build(spec: ModelSpec, device: torch.device | str | None = None) -> Classifier:
    """The network that a spec describes, freshly initialised.

    Args:
        spec: a row of the zoo, or one of yours.
        device: where its tensors are made; "meta" makes shapes without memory.
    """
    with torch.device(device if device is not None else torch.get_default_device()):
        return BUILDERS[type(spec)](spec)


__all__ = [
    "VGG",
    "BasicBlock",
    "BottleneckBlock",
    "Classifier",
    "DenseNet",
    "EfficientNet",
    "MBConvBlock",
    "RegNetBlock",
    "ResidualBlock",
    "ResidualNetwork",
    "build",
]
