"""WHAT an EfficientNet is: stages of inverted bottlenecks, wide inside and narrow between."""

from __future__ import annotations

from dataclasses import dataclass

from resnetlab.specs.checks import check
from resnetlab.specs.model import ModelSpec

COLUMNS = ("widths", "depths", "kernels", "strides", "expansions")


@dataclass(frozen=True, kw_only=True)
class EfficientNetSpec(ModelSpec):
    """Stages of MBConv blocks, one column of the paper's table per field.

    Paper:
        Tan & Le 2019, Table 1.

    Args:
        widths: channels of each stage.
        depths: blocks in each stage.
        kernels: size of each stage's depthwise convolutions.
        strides: of the first block of each stage.
        expansions: inner channels over the block's input.
        stem_width: channels that enter the first stage.
        head_width: channels of the last 1×1 convolution.
        squeeze_ratio: squeezed channels of squeeze-and-excitation over the block's input.
        drop_path: stochastic depth: probability of dropping the last branch, nearly; it grows with depth from 0.
        head_dropout: before the linear layer.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    expansions: tuple[int, ...]
    stem_width: int = 32
    head_width: int = 1280
    squeeze_ratio: float = 0.25
    drop_path: float = 0.2
    head_dropout: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        stages = len(self.widths)
        check(self, "widths", stages > 0, "one positive width per stage")
        for name in COLUMNS:
            column = getattr(self, name)
            check(self, name, len(column) == stages, f"{stages} numbers, one per stage")
            check(self, name, min(column) >= 1, "1 or more in every stage")
        check(self, "kernels", all(kernel % 2 == 1 for kernel in self.kernels), "odd sizes: 1, 3, 5, 7")
        check(self, "strides", max(self.strides) <= 2, "1 or 2 in every stage")
        check(self, "stem_width", self.stem_width >= 1, "1 or more channels")
        check(self, "head_width", self.head_width >= 1, "1 or more channels")
        check(self, "squeeze_ratio", 0 < self.squeeze_ratio <= 1, "above 0, up to 1")
        check(self, "drop_path", 0 <= self.drop_path < 1, "0 up to, not including, 1")
        check(self, "head_dropout", 0 <= self.head_dropout < 1, "0 up to, not including, 1")

    @property
    def weighted_layers(self) -> int:
        stages = zip(self.depths, self.expansions, strict=True)
        in_blocks = sum(depth * (3 if expansion > 1 else 2) for depth, expansion in stages)
        return 1 + in_blocks + 1 + 1

    @property
    def block_name(self) -> str:
        return "MBConv + SE"

    @property
    def has_skips(self) -> bool:
        return True
