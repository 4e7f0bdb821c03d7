"""The network of the paper's CIFAR-10 study: 6n + 2 layers.

Images of 32x32 are small, so the stem is one 3x3 convolution with 16 channels, batch norm and ReLU,
without pooling. Then come three stages of n basic blocks each, with 16, 32 and 64 channels; the
second and the third halve the image. The mean of each channel over all pixels goes into one linear
layer (He et al. 2015, §4.2, Table 6). That makes 6n + 2 layers with weights: n = 3 is ResNet-20,
with 269,722 parameters and option A shortcuts. (No ResNet for ImageNet has 20 layers.)
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut that pads with zeros (option A): from the exercises before."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.added = stride, channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        before, after = self.added // 2, self.added - self.added // 2
        skip = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, after))
        return F.relu(y + skip)


class ResNet20(nn.Module):
    """The network; use nn.Conv2d, nn.BatchNorm2d, nn.Linear and BasicBlock.

    Args:
        classes: numbers that come out, without a softmax.
        width: channels of the first stage; the others have twice and four times as many.
    """

    def __init__(self, classes: int = 10, width: int = 16) -> None:
        super().__init__()
        # --- fill in ---
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        blocks: list[nn.Module] = []
        channels = width
        for stage_width, first_stride in ((width, 1), (2 * width, 2), (4 * width, 2)):
            for place in range(3):
                blocks.append(BasicBlock(channels, stage_width, first_stride if place == 0 else 1))
                channels = stage_width
        self.stages = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, classes)
        # --- until here ---

    def forward(self, images: Tensor) -> Tensor:  # (n, 3, h, w) to (n, classes)
        # --- fill in ---
        x = F.relu(self.bn1(self.conv1(images)))
        x = self.stages(x)
        return self.fc(x.mean((2, 3)))
        # --- until here ---
