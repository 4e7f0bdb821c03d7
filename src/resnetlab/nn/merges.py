"""How branch and skip become one tensor: the `+` of the equation, and what has been tried in its place.

Each is a module that stands on the block as `block.merge`, where every tool can see it and set another.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.specs.parts import Block, DroppedOut, Gated, NoShortcut, Scaled, Shortcut


class Merge(nn.Module):
    """F + S, each side first through a module of its own.

    Args:
        on_branch: what the branch passes: stochastic depth, a scale.
        on_skip: what the skip passes: dropout, a scale.
    """

    def __init__(self, on_branch: nn.Module | None = None, on_skip: nn.Module | None = None) -> None:
        super().__init__()
        self.on_branch = on_branch if on_branch is not None else nn.Identity()
        self.on_skip = on_skip if on_skip is not None else nn.Identity()

    def forward(self, branch: Float[Tensor, "n c h w"], skip: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return self.on_branch(branch) + self.on_skip(skip)


class BranchOnly(nn.Module):
    """The plain net's merge: there is no skip."""

    def forward(self, branch: Float[Tensor, "n c h w"], skip: Float[Tensor, "n ..."]) -> Float[Tensor, "n c h w"]:
        return branch


class SkipOnly(nn.Module):
    """A lesion: the branch is cut. Paper: Veit et al. 2016, §4.1."""

    def forward(self, branch: Float[Tensor, "n ..."], skip: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return skip.clone()  # what follows may activate in place


class Scale(nn.Module):
    """x times one number, fixed or learned.

    Args:
        value: the number, or where it starts.
        learned: it is a parameter (SkipInit: De & Smith 2020, §4).
    """

    def __init__(self, value: float, learned: bool = False) -> None:
        super().__init__()
        self.value: Tensor | float = nn.Parameter(torch.tensor(value)) if learned else value

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        return self.value * x

    def extra_repr(self) -> str:
        if isinstance(self.value, Tensor):
            return "learned" if self.value.is_meta else f"value={self.value.item():g}, learned"
        return f"value={self.value:g}"


class GatedMerge(nn.Module):
    """g(S)·F + (1 − g(S))·S, or F + (1 − g(S))·S where only the skip is gated; g is a 1×1 convolution and a sigmoid.

    Paper:
        He et al. 2016, §3.1, Figure 2c (exclusive) and 2d (shortcut-only).
    Deviation:
        The gate sees S(x) instead of x; they differ only where the shape changes.

    Args:
        channels: of both sides.
        bias: where the gate's bias starts.
        exclusive: the branch is gated too.
    """

    def __init__(self, channels: int, bias: float, exclusive: bool) -> None:
        super().__init__()
        self.gate = nn.Conv2d(channels, channels, kernel_size=1)
        self.bias, self.exclusive = bias, exclusive
        self.set_gate()

    def set_gate(self) -> None:
        """Put the gate's bias where it starts: it decides how open the skip is before training."""
        nn.init.constant_(self.gate.get_parameter("bias"), self.bias)

    def forward(self, branch: Float[Tensor, "n c h w"], skip: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        gate = torch.sigmoid(self.gate(skip))
        return (gate * branch if self.exclusive else branch) + (1 - gate) * skip


def make_merge(block: Block, shortcut: Shortcut, channels: int) -> nn.Module:
    """The merge that a block's options and its shortcut ask for.

    Args:
        block: with this block's own probability of stochastic depth.
        shortcut: the way round the branch.
        channels: of the block's output.
    """
    if isinstance(shortcut, NoShortcut):
        return BranchOnly()
    if isinstance(shortcut, Gated):
        return GatedMerge(channels, shortcut.bias, shortcut.exclusive)
    on_branch: list[nn.Module] = []
    if isinstance(shortcut, Scaled) and shortcut.branch_scale != 1:
        on_branch.append(Scale(shortcut.branch_scale))
    if block.skip_init:
        on_branch.append(Scale(0.0, learned=True))
    if block.drop_path:
        on_branch.append(stochastic_depth(block.drop_path))
    return Merge(_in_turn(on_branch), _on_skip(shortcut))


def stochastic_depth(rate: float) -> nn.Module:
    """What leaves out the branch of whole images in training, with this probability."""
    from torchvision.ops import StochasticDepth  # a second to import, and most networks have none

    return StochasticDepth(rate, mode="row")


def _on_skip(shortcut: Shortcut) -> nn.Module | None:
    if isinstance(shortcut, Scaled):
        return Scale(shortcut.scale)
    return nn.Dropout(shortcut.rate) if isinstance(shortcut, DroppedOut) else None


def _in_turn(modules: list[nn.Module]) -> nn.Module | None:
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules) if modules else None
