"""A small class for what comes twice; clamp for ReLU."""

from torch import nn


class Part(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)

    def activate(self, x):
        return self.norm(x).clamp(min=0)


class PreActivationBlock(nn.Module):
    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        self.parts = nn.ModuleList([Part(in_channels, channels, stride), Part(channels, channels, 1)])
        same = (in_channels, stride) == (channels, 1)
        self.skip = (
            nn.ModuleList() if same else nn.ModuleList([nn.Conv2d(in_channels, channels, 1, stride, bias=False)])
        )

    def forward(self, x):
        one, two = self.parts
        h = one.activate(x)
        for projection in self.skip:
            x = projection(h)
        return x + two.conv(two.activate(one.conv(h)))
