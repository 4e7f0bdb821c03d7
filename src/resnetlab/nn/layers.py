"""The layers that blocks and stems are made of: convolution, normalisation, activation, squeeze-and-excitation."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


def convolution(
    in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1, bias: bool = False
) -> nn.Conv2d:
    """A convolution that keeps the image's size where the stride is 1."""
    return nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, groups=groups, bias=bias)


def normalisation(kind: str, channels: int, from_zero: bool = False) -> nn.Module:
    """Batch norm, or nothing; γ starts at one, or from zero."""
    if kind == "none":
        return nn.Identity()
    norm = nn.BatchNorm2d(channels)
    if from_zero:
        nn.init.zeros_(norm.weight)
    return norm


def activation(name: str, inplace: bool = True) -> nn.Module:
    """The named activation; in place where that saves memory and its input is not needed again."""
    if name in ("relu", "silu"):
        return {"relu": nn.ReLU, "silu": nn.SiLU}[name](inplace=inplace)
    return {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh}[name]()


class SqueezeExcitation(nn.Module):
    """Each channel times a number between 0 and 1 that two 1×1 convolutions read off the channel means.

    Paper:
        Hu et al. 2018, Eq. 2 to 4.

    Args:
        channels: of the input.
        squeezed: channels between the two convolutions.
        act: between them.
    """

    def __init__(self, channels: int, squeezed: int, act: str = "relu") -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.act = activation(act)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return self.gate(self.fc2(self.act(self.fc1(self.avgpool(x))))) * x
