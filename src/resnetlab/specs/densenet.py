"""WHAT a DenseNet is: layers that see all that came before them, side by side instead of summed."""

from __future__ import annotations

from dataclasses import dataclass

from resnetlab.specs.checks import check
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.parts import IMAGENET_STEM, Stem


@dataclass(frozen=True, kw_only=True)
class DenseNetSpec(ModelSpec):
    """Blocks of densely connected layers (DenseNet-BC), with a transition that halves the image between them.

    Paper:
        Huang et al. 2017, Table 1 and §3.

    Args:
        depths: layers in each block.
        growth: channels that each layer adds (k).
        bottleneck: a layer's 1×1 gives this many times its growth.
        compression: a transition keeps this share of the channels (θ).
        dropout: after every layer.
        stem: what stands before the first block.
        head_dropout: before the linear layer.
    """

    depths: tuple[int, ...]
    growth: int = 32
    bottleneck: int = 4
    compression: float = 0.5
    dropout: float = 0.0
    stem: Stem = IMAGENET_STEM
    head_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        depths_are_legal = len(self.depths) > 0 and min(self.depths) >= 1
        check(self, "depths", depths_are_legal, "one or more layers in every block")
        check(self, "growth", self.growth >= 1, "1 or more channels")
        check(self, "bottleneck", self.bottleneck >= 1, "1 or more")
        check(self, "compression", 0 < self.compression <= 1, "above 0, up to 1")
        check(self, "dropout", 0 <= self.dropout < 1, "0 up to, not including, 1")
        check(self, "head_dropout", 0 <= self.head_dropout < 1, "0 up to, not including, 1")
        check(self, "compression", min(self.widths) >= 1, "enough to leave a channel after every transition")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels that enter each block."""
        widths = [self.stem.width]
        for depth in self.depths[:-1]:
            widths.append(int((widths[-1] + depth * self.growth) * self.compression))
        return tuple(widths)

    @property
    def weighted_layers(self) -> int:
        transitions = len(self.depths) - 1
        return 1 + 2 * sum(self.depths) + transitions + 1

    @property
    def block_name(self) -> str:
        return "dense"

    @property
    def has_skips(self) -> bool:
        return True

    @property
    def smallest_input(self) -> int:
        side = 2 ** (len(self.depths) - 1)  # a transition halves, rounding down, and must leave a pixel
        for halves in (self.stem.stride == 2, self.stem.max_pool):
            side = 2 * side - 1 if halves else side  # the stem is padded: it halves, rounding up
        return side
