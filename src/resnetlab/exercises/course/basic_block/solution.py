"""The basic block: two 3x3 convolutions beside a skip.

The block of ResNet-18 and ResNet-34 (He et al. 2015, Figure 5, left) has the branch conv - BN -
ReLU - conv - BN, adds x, and then applies a ReLU. Batch norm shifts by its own β, so the
convolutions before it have no bias. Each norm has its own statistics, so there are two of them. A
padding of 1 keeps the image's size where the kernel is 3x3.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    """ReLU(F(x) + x), where F is conv - BN - ReLU - conv - BN.

    Use nn.Conv2d and nn.BatchNorm2d.

    Args:
        channels: of x, of both convolutions, and of the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # --- fill in ---
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        # --- until here ---

    def forward(self, x: Tensor) -> Tensor:  # (n, channels, h, w) in and out
        # --- fill in ---
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + x)
        # --- until here ---
