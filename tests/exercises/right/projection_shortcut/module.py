"""A module of its own."""

from torch import nn


class Shortcut(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.fits = (i, s) == (o, 1)
        if not self.fits:
            self.norm = nn.BatchNorm2d(o)
            self.project = nn.Conv2d(i, o, kernel_size=(1, 1), stride=(s, s), bias=False)

    def forward(self, x):
        return x if self.fits else self.norm(self.project(x))


make_shortcut = Shortcut
