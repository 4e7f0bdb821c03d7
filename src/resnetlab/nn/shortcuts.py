"""The skip where it cannot be the identity: options A, B, C, D and the bare 1×1.

`make_downsample` gives what stands on a block as `downsample` (torchvision's name); None is the identity. What scales,
gates or drops the skip is a matter of the merge: `resnetlab.nn.merges`.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.core.errors import SpecError
from resnetlab.nn.layers import convolution, normalisation
from resnetlab.specs.parts import AveragePool, Block, Convolved, NoShortcut, Projection, Shortcut


class ZeroPadding(nn.Module):
    """Option A: every `stride`-th pixel; new channels are zeros, in equal parts before and after.

    Paper:
        He et al. 2015, §3.3 (A). It says "extra zero entries padded" and leaves open on which side: like the
        best-known reimplementation's published weights, half stand on each.

    Raises:
        SpecError: there would be fewer channels than before.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        added = out_channels - in_channels
        if added < 0:
            raise SpecError(
                f"out_channels={out_channels} loses channels of {in_channels}\nallowed: {in_channels} or more"
            )
        self.stride, self.first, self.last = stride, added // 2, added - added // 2

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d i j"]:
        strided = x[:, :, :: self.stride, :: self.stride]
        return F.pad(strided, (0, 0, 0, 0, self.first, self.last))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, channels {self.first} before and {self.last} after"


def make_downsample(
    shortcut: Shortcut, block: Block, in_channels: int, out_channels: int, stride: int
) -> nn.Module | None:
    """What makes x fit the branch's output; None where x fits as it is, or where there is no skip."""
    if isinstance(shortcut, NoShortcut):
        return None
    same_shape = stride == 1 and in_channels == out_channels
    if isinstance(shortcut, Convolved):
        return nn.Sequential(convolution(in_channels, out_channels, 1, stride, bias=block.norm == "none"))
    if same_shape and not (isinstance(shortcut, Projection) and shortcut.everywhere):
        return None
    if isinstance(shortcut, AveragePool):
        pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
        return nn.Sequential(pool, *_project(block, in_channels, out_channels, stride=1))
    if isinstance(shortcut, Projection):
        return nn.Sequential(*_project(block, in_channels, out_channels, stride))
    return ZeroPadding(in_channels, out_channels, stride)


def _project(block: Block, in_channels: int, out_channels: int, stride: int) -> list[nn.Module]:
    """1×1 and BN; a pre-activated input is normalised already, so there the 1×1 stands alone."""
    bare = block.norm == "none"
    conv = convolution(in_channels, out_channels, 1, stride, bias=bare)
    return [conv] if bare or block.order == "pre" else [conv, normalisation(block.norm, out_channels)]
