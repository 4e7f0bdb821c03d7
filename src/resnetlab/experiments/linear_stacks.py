"""Stacks of linear layers, with and without skips: the small demonstration with which tutorials argue for the skip."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn
from torch.nn import functional as F

from resnetlab.analysis import probe_gradients
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import ImageData
from resnetlab.experiments.fresh_gradients import Init
from resnetlab.nn import ResidualBlock
from resnetlab.nn.merges import BranchOnly, Merge

IMAGES = 32
MOST_BLOCKS = 200  # a norm is made of squares, and those of 0.24²⁰⁰ are still doubles


@dataclass(frozen=True)
class LinearStack:
    """Blocks of linear, ReLU, linear on the pixels of an image; behind them a linear layer for the classes.

    Args:
        blocks: how many, 1 to 200.
        skips: x is added to what each block gives.
        init: "pytorch", the default of `nn.Linear`, which has a third of the variance that keeps a linear map's
            scale; or "he": the variance that keeps it, twice as much behind a ReLU.
    """

    blocks: int
    skips: bool
    init: Init

    def __post_init__(self) -> None:
        if not isinstance(self.blocks, int) or not 1 <= self.blocks <= MOST_BLOCKS:
            raise ResnetlabError(
                f"n_blocks={self.blocks!r} is impossible\n"
                f"give a whole number from 1 to {MOST_BLOCKS}: beyond, gradients leave double precision"
            )

    def __str__(self) -> str:
        init = {"he": "He init", "pytorch": "PyTorch's init"}[self.init]
        return f"{'residual' if self.skips else 'plain'}, {init}"

    def build(self, data: ImageData) -> nn.Sequential:
        """The stack in double precision, for images as rows, (N, 1, 1, pixels)."""
        pixels = data.train_images[0].numel()
        blocks = [
            ResidualBlock(
                nn.Sequential(self._linear(pixels, pixels), nn.ReLU(), self._linear(pixels, pixels, after_relu=True)),
                merge=Merge() if self.skips else BranchOnly(),
            )
            for _ in range(self.blocks)
        ]
        return nn.Sequential(*blocks, nn.Flatten(), self._linear(pixels, len(data.classes))).double()

    def _linear(self, inputs: int, outputs: int, after_relu: bool = False) -> nn.Linear:
        layer = nn.Linear(inputs, outputs)
        if self.init == "he":  # He et al. 2015b, Eq. 10; what has not passed a ReLU keeps both halves of its variance
            nn.init.normal_(layer.weight, std=math.sqrt((2 if after_relu else 1) / inputs))
            nn.init.zeros_(layer.bias)
        return layer


@dataclass(frozen=True)
class StackGradients:
    """Norms of the gradient of the cross-entropy in a stack before its first step.

    Args:
        first_layer: with respect to the weights of the first layer.
        blocks: with respect to every block's output, input first.
    """

    first_layer: float
    blocks: tuple[float, ...]

    @property
    def growth(self) -> float:
        """Of the logarithm of the norm, for a block passed on the way to the input; negative where it shrinks."""
        return math.log(self.blocks[0] / self.blocks[-1]) / (len(self.blocks) - 1)


def stack_gradients(stack: LinearStack, data: ImageData) -> StackGradients:
    """Draws the stack and sends one batch of training images through it and back."""
    model = stack.build(data)
    images, labels = data.train_images[:IMAGES].double().reshape(IMAGES, 1, 1, -1), data.train_labels[:IMAGES]
    names = [str(place) for place in range(stack.blocks)]
    report = probe_gradients(model, images, lambda logits: F.cross_entropy(logits, labels), names=names)
    return StackGradients(
        first_layer=report.parameters["0.residual_function.0.weight"],
        blocks=tuple(layer.output_norm or 0.0 for layer in report.layers),
    )
