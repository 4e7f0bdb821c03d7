"""How weights are drawn before training."""

from __future__ import annotations

import torch
from torch import nn

from resnetlab.nn.residual import ResidualBlock


def initialise(model: nn.Module, scheme: str = "he", gain: float = 1.0) -> None:
    """Draw every convolution's weights; norms start at γ = 1 and β = 0, linear layers keep PyTorch's default.

    Paper:
        "he": He et al. 2015b, Eq. 14, standard deviation √(2 / fan-out), as torchvision's ResNets. "xavier": Glorot &
        Bengio 2010, Eq. 16. "pytorch": each layer's default, uniform within ±1/√fan-in.

    Args:
        model: changed in place; on the meta device nothing is drawn.
        scheme: "he", "xavier" or "pytorch".
        gain: every convolution's weights are multiplied by this.
    """
    for layer in model.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        if scheme == "he":
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
        elif scheme == "xavier":
            nn.init.xavier_uniform_(layer.weight)
        if gain != 1.0:
            with torch.no_grad():
                layer.weight.mul_(gain)
        if layer.bias is not None and scheme != "pytorch":
            nn.init.zeros_(layer.bias)


def zero_last_gammas(model: nn.Module) -> None:
    """Set the last γ of every branch to zero, so that each block starts as its skip.

    Paper:
        Goyal et al. 2017, §5.1.
    """
    for block in model.modules():
        if isinstance(block, ResidualBlock):
            norms = [layer for name, layer in block.named_children() if name.startswith("bn")]
            last = norms[-1] if norms else None
            if isinstance(last, nn.BatchNorm2d):
                nn.init.zeros_(last.weight)
