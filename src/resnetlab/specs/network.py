"""WHAT a residual network is: stem, block, shortcut, stages, head.

One row of `specs.zoo` is one `NetworkSpec`; `resnetlab.nn.build` makes the network it describes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from resnetlab.core.errors import SpecError
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.parts import (
    AveragePool,
    Basic,
    Block,
    Bottleneck,
    Convolved,
    Gated,
    NoShortcut,
    Projection,
    RegNetBottleneck,
    Shortcut,
    Stages,
    Stem,
    check,
)


@dataclass(frozen=True, kw_only=True)
class NetworkSpec(ModelSpec):
    """A residual network, or its plain twin.

    Args:
        stem: what stands before the first stage.
        block: the kind of residual block and its options.
        stages: widths and depths.
        shortcut: the way round each branch.
        head_dropout: before the linear layer.
    """

    stem: Stem
    block: Block = Basic()
    stages: Stages
    shortcut: Shortcut = Projection()
    head_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "head_dropout", 0 <= self.head_dropout < 1, "0 up to, not including, 1")
        if isinstance(self.block, RegNetBottleneck):
            dividing = all(width % self.block.group_width == 0 for width in self.stages.widths)
            check(self.block, "group_width", dividing, f"a divisor of every width in {self.stages.widths}")
        if isinstance(self.block, Bottleneck):
            narrowest = self.block.inner_width(min(self.stages.widths))
            check(self.block, "base_width", narrowest >= 1, "64 / the narrowest stage's width, or more")
        skips = not isinstance(self.shortcut, NoShortcut)
        check(self.block, "skip_init", skips or not self.block.skip_init, "only beside a shortcut")
        check(self.block, "drop_path", skips or not self.block.drop_path, "0 where there is no shortcut")
        gate = isinstance(self.shortcut, Gated)
        check(self.block, "skip_init", not (gate and self.block.skip_init), "false beside a gated shortcut")
        check(self.block, "drop_path", not (gate and self.block.drop_path), "0 beside a gated shortcut")
        check(self, "shortcut", self._shortcut_can_widen(), "none, B, C, D, 1x1 where a stage gets narrower")

    @property
    def depth(self) -> int:
        # The deep stem stands for the one convolution it replaces, as in the names of He et al. 2018.
        return self.counted_depth or 1 + sum(self.stages.depths) * self.block.convolutions + 1

    @property
    def block_name(self) -> str:
        kind = {"Basic": "basic", "Bottleneck": "bottleneck", "RegNetBottleneck": "regnet"}[type(self.block).__name__]
        before = "pre-activation " if self.block.order == "pre" else ""
        groups = getattr(self.block, "groups", 1)
        return before + kind + (f" ×{groups}" if groups > 1 else "") + (" + SE" if self.block.squeeze else "")

    @property
    def has_skips(self) -> bool:
        return not isinstance(self.shortcut, NoShortcut)

    def _shortcut_can_widen(self) -> bool:
        """False where a skip that can only add channels would have to lose some."""
        if isinstance(self.shortcut, NoShortcut | Projection | AveragePool | Convolved):
            return True
        leaving = [width * self.block.expansion for width in self.stages.widths]
        entering = [self.stem.width, *leaving[:-1]]
        return all(before <= after for before, after in zip(entering, leaving, strict=True))

    def scaled_to(self, width: int) -> Self:
        if width < 1:
            raise SpecError(f"width={width} is impossible in {self.name}\nallowed: 1 or more channels")
        factor = width / self.stages.widths[0]
        widths = tuple(round(old * factor) for old in self.stages.widths)
        stem = max(1, round(self.stem.width * factor))
        return self.but(stem=replace(self.stem, width=stem), widths=widths)
