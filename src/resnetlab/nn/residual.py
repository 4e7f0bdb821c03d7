"""The equation of residual learning, written once.

Every network of the zoo that has skips, and every plain twin, is made of this class: what differs between them is what
its slots are given, never another copy of the sum.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.nn.merges import Merge


class ResidualBlock(nn.Module):
    """H(x) = after( F(h) + S(x or h) ),  h = before(x).

    Paper:
        He et al. 2015, Eq. 1 and 2; with `before` = BN-ReLU and `after` = identity it is He et al. 2016, Eq. 9.

    Alone it makes a residual block of any branch, `ResidualBlock(nn.Conv2d(16, 16, 3, padding=1))`; subclasses fill
    the slots `before`, `branch` and `after`, with their convolutions as direct attributes.

    Args:
        residual_function: F, for a block that is not a subclass.
        downsample: S where the skip cannot be x itself, under torchvision's name; None is the identity.
        merge: how branch and skip become one; a plain net's returns the branch.
    """

    projects_preactivated = False  # S sees h instead of x

    def __init__(
        self,
        residual_function: nn.Module | None = None,
        *,
        downsample: nn.Module | None = None,
        merge: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.residual_function = residual_function
        self.downsample = downsample
        self.merge = merge if merge is not None else Merge()

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        h = self.before(x)
        skip = self.shortcut(h if self.projects_preactivated else x)
        return self.after(self.merge(self.branch(h), skip))

    def before(self, x: Tensor) -> Tensor:
        """What both sides see; the identity unless a subclass pre-activates."""
        return x

    def branch(self, h: Tensor) -> Tensor:
        """F, the residual function."""
        if self.residual_function is None:
            raise NotImplementedError(
                f"{type(self).__name__} has no branch: give residual_function, or override branch()"
            )
        return self.residual_function(h)

    def shortcut(self, x: Tensor) -> Tensor:
        """S: the identity, or what `downsample` makes of x."""
        return x if self.downsample is None else self.downsample(x)

    def after(self, y: Tensor) -> Tensor:
        """What follows the addition; the identity unless a subclass post-activates."""
        return y
