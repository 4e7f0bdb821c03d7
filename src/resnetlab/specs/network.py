"""WHAT a residual network is: stem, block, shortcut, stages, head.

One row of `specs.zoo` is one `NetworkSpec`; `resnetlab.nn.build` makes the network it describes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from resnetlab.core.errors import SpecError
from resnetlab.specs.checks import check
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
        check_block_beside(self.shortcut, self.block)
        check(self, "shortcut", self._shortcut_can_widen(), "none, B, C, D, 1x1 where a stage gets narrower")

    @property
    def weighted_layers(self) -> int:
        # The deep stem stands for the one convolution it replaces, as in the names of He et al. 2018.
        return 1 + sum(self.stages.depths) * self.block.convolutions + 1

    @property
    def block_name(self) -> str:
        kind = {"Basic": "basic", "Bottleneck": "bottleneck", "RegNetBottleneck": "regnet"}[type(self.block).__name__]
        before = "preact " if self.block.order == "pre" else ""
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

    @property
    def width(self) -> int:
        return self.stages.widths[0]

    def scaled_to(self, width: int) -> dict[str, Any]:
        if width < 1:
            raise SpecError(f"width={width} is impossible in {self.name}\nallowed: 1 or more channels")
        factor = width / self.width
        widths = tuple(max(1, round(old * factor)) for old in self.stages.widths)
        return {"stem": replace(self.stem, width=max(1, round(self.stem.width * factor))), "widths": widths}


def check_block_beside(shortcut: Shortcut, block: Block) -> None:
    """Refuse what a block is told about its branch where no such merge with this shortcut exists.

    Raises:
        SpecError: names the field.
    """
    plain, gated = isinstance(shortcut, NoShortcut), isinstance(shortcut, Gated)
    check(block, "skip_init", not (plain and block.skip_init), "false where there is no shortcut")
    check(block, "drop_path", not (plain and block.drop_path), "0 where there is no shortcut")
    check(block, "skip_init", not (gated and block.skip_init), "false beside a gated shortcut")
    check(block, "drop_path", not (gated and block.drop_path), "0 beside a gated shortcut")
