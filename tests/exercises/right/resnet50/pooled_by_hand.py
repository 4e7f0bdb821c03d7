"""The padding and the pooling by hand, the blocks in a ModuleList."""

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
    def __init__(self, classes=1000, width=64):
        super().__init__()
        self.blocks = nn.ModuleList()
        before = width
        for stage in range(4):
            for place in range([3, 4, 6, 3][stage]):
                self.blocks.append(Bottleneck(before, width << stage, 1 + (stage > 0 and place == 0)))
                before = (width << stage) * 4
        self.head = nn.Linear(before, classes)
        self.stem = nn.Conv2d(3, width, 7, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, images):
        x = F.relu(self.norm(self.stem(F.pad(images, [3] * 4))))
        x = F.max_pool2d(F.pad(x, [1] * 4), 3, 2)  # after a ReLU a border of zeros changes no maximum
        for block in self.blocks:
            x = block(x)
        return self.head(x.flatten(2).mean(-1))
