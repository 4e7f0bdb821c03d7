"""ResNet-50, whole.

The stem for images of 224x224 is a 7x7 convolution with a stride of 2 and 64 channels, batch norm,
ReLU, and a 3x3 max-pooling with a stride of 2: the first stage sees 56x56 pixels. Four stages
follow with (3, 4, 6, 3) bottlenecks of widths 64, 128, 256 and 512; the first block of stages 2, 3
and 4 strides. The mean over all pixels goes into one linear layer of 1000 classes (He et al. 2015,
Table 1). 1 + 3 * 16 + 1 layers have weights, 25,557,032 in all.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class Bottleneck(nn.Module):
    """1x1, 3x3 with the stride, 1x1, beside a shortcut that projects where it must: from the exercises before."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        out_channels = width * self.expansion
        self.conv1, self.bn1 = nn.Conv2d(in_channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + self.shortcut(x))


class ResNet50(nn.Module):
    """The network; use nn.Conv2d, nn.BatchNorm2d, nn.Linear and Bottleneck.

    Args:
        classes: numbers that come out, without a softmax.
        width: of the stem and the first stage; narrower networks are checked faster.
    """

    def __init__(self, classes: int = 1000, width: int = 64) -> None:
        super().__init__()
        # --- fill in ---
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        stages: list[nn.Module] = []
        channels = width
        for number, depth in enumerate((3, 4, 6, 3)):
            for place in range(depth):
                stride = 2 if place == 0 and number > 0 else 1
                stages.append(Bottleneck(channels, width * 2**number, stride))
                channels = width * 2**number * Bottleneck.expansion
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(channels, classes)
        # --- until here ---

    def forward(self, images: Tensor) -> Tensor:  # (n, 3, h, w) to (n, classes)
        # --- fill in ---
        x = self.pool(F.relu(self.bn1(self.conv1(images))))
        x = self.stages(x)
        return self.fc(x.mean((2, 3)))
        # --- until here ---
