"""The pre-activation block.

In the original block a ReLU follows the addition, so what the skip carries is cut off at zero again and again. He et
al. 2016 move norm and activation in front of each convolution: BN, ReLU, convolution, twice. Nothing follows the
addition, and x comes through to the end as it is: x_L = x_l + Σ F(x_i), their Equation 4. So the first norm has as
many channels as x. Where the shape changes, a 1×1 convolution stands on the skip; it needs no norm of its own and
takes what comes out of the first BN and ReLU, which both ways then share.

A network of such blocks ends with one more BN and ReLU before its head: the last addition has none.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class PreActivationBlock(nn.Module):
    """Two 3×3 convolutions, each behind a batch norm and a ReLU, and a skip.

    Args:
        in_channels: of x.
        channels: of what comes out.
        stride: of the first convolution and of the skip.
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        # --- fill in ---
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        fits = stride == 1 and in_channels == channels
        self.downsample = None if fits else nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False)
        # --- until here ---

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, in_channels, h, w); gives (n, channels, h / stride, w / stride), rounded up."""
        # --- fill in ---
        h = F.relu(self.bn1(x))
        skip = x if self.downsample is None else self.downsample(h)
        return self.conv2(F.relu(self.bn2(self.conv1(h)))) + skip
        # --- until here ---
