"""WHAT a VGG is: the plain stack of 3×3 convolutions that residual networks are measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resnetlab.specs.checks import check
from resnetlab.specs.model import ModelSpec


@dataclass(frozen=True, kw_only=True)
class VGGSpec(ModelSpec):
    """Stages of 3×3 convolutions, each halved by max-pooling, and three linear layers.

    Paper:
        Simonyan & Zisserman 2015, Table 1.

    Args:
        depths: convolutions in each stage.
        widths: channels of each stage.
        hidden: units of the first two linear layers.
        norm: after every convolution: "none" as the paper, or "batch".
        head_dropout: after each of the first two linear layers.
    """

    depths: tuple[int, ...]
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    hidden: int = 4096
    norm: Literal["none", "batch"] = "none"
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        stages = len(self.depths)
        check(self, "depths", stages > 0 and min(self.depths) >= 1, "one or more convolutions in every stage")
        check(self, "widths", len(self.widths) == stages, f"{stages} numbers, one per stage")
        check(self, "widths", min(self.widths) >= 1, "one positive width per stage")
        check(self, "hidden", self.hidden >= 1, "1 or more units")
        check(self, "norm", self.norm in ("none", "batch"), "none, batch")
        check(self, "head_dropout", 0 <= self.head_dropout < 1, "0 up to, not including, 1")

    @property
    def weighted_layers(self) -> int:
        return sum(self.depths) + 3

    @property
    def block_name(self) -> str:
        return "3×3 conv" + (" + BN" if self.norm == "batch" else "")

    @property
    def has_skips(self) -> bool:
        return False

    @property
    def smallest_input(self) -> int:
        return 2 ** len(self.depths)  # every stage halves, rounding down, and must leave a pixel
