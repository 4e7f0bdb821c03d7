"""The bottleneck block: 1x1 down, 3x3, 1x1 up.

Deep networks cannot afford 3x3 convolutions on hundreds of channels. The block of ResNet-50 (He et
al. 2015, Figure 5, right) first maps the channels down to `width` by a 1x1 convolution, looks at
3x3 pixels there, and maps up to 4 * width. At 256 channels that takes 69,632 weights, and two 3x3
convolutions on all of them would take 1,179,648.

Batch norm stands behind every convolution, a ReLU behind the first two norms and behind the
addition. The paper lets the first 1x1 stride; here the 3x3 does, as in torchvision, so that no
pixel is thrown away unseen.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


def make_shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """The identity, or a 1x1 projection with batch norm: as in the exercise on projection shortcuts."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


class Bottleneck(nn.Module):
    """ReLU(F(x) + shortcut(x)), where F is a 1x1, a 3x3 and a 1x1 convolution, each with batch norm.

    Use nn.Conv2d, nn.BatchNorm2d and make_shortcut.

    Args:
        in_channels: of x.
        width: of the first two convolutions.
        stride: of the 3x3 convolution, and of the shortcut.
    """

    expansion = 4  # the output has 4 * width channels

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        # --- fill in ---
        out_channels = width * self.expansion
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.shortcut = make_shortcut(in_channels, out_channels, stride)
        # --- until here ---

    def forward(self, x: Tensor) -> Tensor:  # (n, in_channels, h, w) to (n, 4 * width, h / stride, w / stride)
        # --- fill in ---
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + self.shortcut(x))
        # --- until here ---
