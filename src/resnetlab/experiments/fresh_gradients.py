"""Networks before their first step, and the gradient in them: shared by the claims about it and the demonstrations."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import nn
from torch.nn import functional as F

from resnetlab.analysis import probe_gradients
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import ImageData
from resnetlab.nn import build
from resnetlab.nn.init import draw_by_name
from resnetlab.specs import find_spec
from resnetlab.specs.parts import NoShortcut, Stages, Stem, ZeroPadding

Norm = Literal["none", "batch"]
Activation = Literal["sigmoid", "relu"]
Init = Literal["he", "pytorch"]
NORMS: tuple[Norm, ...] = ("none", "batch")
ACTIVATIONS: tuple[Activation, ...] = ("sigmoid", "relu")
INITS: tuple[Init, ...] = ("he", "pytorch")
LAYERS_PER_BLOCK = 2
DEPTHS = range(6, 401, LAYERS_PER_BLOCK)
TINY = sys.float_info.min
IMAGES = 8  # with 8×8 pixels each: 512 values of every channel for batch norm


@dataclass(frozen=True)
class FreshNetwork:
    """A CIFAR ResNet of one stage or its plain twin: all its layers have one shape, so their gradients compare.

    Args:
        depth: convolutions and linear layers, an even number from 6 to 400.
        skips: residual; plain otherwise.
        norm: "batch" or "none".
        activation: "relu" or "sigmoid".
        init: "he", or "pytorch" for the layers' own default.
        init_gain: every convolution's draw is multiplied by this.
        width: channels.
    """

    depth: int = 20
    skips: bool = False
    norm: Norm = "batch"
    activation: Activation = "relu"
    init: Init = "he"
    init_gain: float = 1.0
    width: int = 16

    def __post_init__(self) -> None:
        if not isinstance(self.depth, int) or self.depth not in DEPTHS:
            raise ResnetlabError(
                f"depth={self.depth!r} is impossible: a block has two layers, stem and head have one each\n"
                f"give an even number of layers from {DEPTHS[0]} to {DEPTHS[-1]}"
            )

    @property
    def blocks(self) -> int:
        """How many: all layers but stem and head are theirs."""
        return (self.depth - 2) // LAYERS_PER_BLOCK

    @property
    def block_ends(self) -> range:
        """Which layers are the blocks' last, counting the stem as the first."""
        return range(1 + LAYERS_PER_BLOCK, self.depth, LAYERS_PER_BLOCK)

    @property
    def kind(self) -> str:
        """Skips and norm in words, for legends."""
        return ("residual" if self.skips else "plain") + (" with BN" if self.norm == "batch" else "")

    def __str__(self) -> str:
        init = {"he": "He", "pytorch": "PyTorch's"}[self.init]
        gain = "" if self.init_gain == 1 else f" × {self.init_gain:g}"
        return f"{self.kind}, {self.depth} layers, {self.activation}, {init} init{gain}"

    def build(self, data: ImageData) -> nn.Module:
        """The network in double precision: through many sigmoids a gradient leaves the range of single precision."""
        spec = find_spec("resnet20").but(
            name=str(self),
            stem=Stem(self.width),
            stages=Stages(widths=(self.width,), depths=(self.blocks,)),
            shortcut=ZeroPadding() if self.skips else NoShortcut(),
            norm=self.norm,
            activation=self.activation,
            init=self.init,
            init_gain=self.init_gain,
            num_classes=len(data.classes),
            in_channels=data.channels,
        )
        model = build(spec)
        draw_by_name(model, self.init, self.init_gain)
        return model.double()


@dataclass(frozen=True)
class GradientNorms:
    """Euclidean norms of the gradient of the cross-entropy at the last convolution of every block, input first.

    A gradient that has died out counts as the smallest double, so that its logarithm is a number.

    Args:
        signal: with respect to the convolution's output, over all images: what comes back to the layer.
        weights: with respect to its weights: what it learns from. In a ReLU net without norms and biases all layers
            have the same weight gradient times weight, so these tell little of where a gradient was lost.
    """

    signal: tuple[float, ...]
    weights: tuple[float, ...]


def gradient_norms(network: FreshNetwork, data: ImageData) -> GradientNorms:
    """Draws the network and sends one batch of training images through it and back, batch norm in training mode."""
    model = network.build(data)
    images, labels = data.train_images[:IMAGES].double(), data.train_labels[:IMAGES]
    names = [f"layer1.{place}.conv2" for place in range(network.blocks)]
    report = probe_gradients(model, images, lambda logits: F.cross_entropy(logits, labels), names=names)
    return GradientNorms(
        signal=tuple(max(layer.output_norm or 0.0, TINY) for layer in report.layers),
        weights=tuple(max(report.parameters[f"{name}.weight"], TINY) for name in names),
    )


def lost_per_layer(norms: Sequence[float]) -> float:
    """What one layer takes from the gradient on its way to the input: the slope of ln norm over the layers.

    >>> round(lost_per_layer([0.25, 0.5, 1.0]), 3)  # each block halves it; a block has two layers: ln(2) / 2
    0.347

    Args:
        norms: at the last convolution of every block.
    """
    return float(np.polyfit(LAYERS_PER_BLOCK * np.arange(len(norms)), np.log(norms), 1)[0])


def spread_over_layers(norms: Sequence[float]) -> float:
    """How unlike the gradients at different depths are: the standard deviation of ln norm over these layers."""
    return float(np.log(norms).std())
