"""How weights are drawn before training."""

from __future__ import annotations

import torch
from torch import nn

from resnetlab.nn.merges import GatedMerge


def initialise(model: nn.Module, scheme: str = "he", gain: float = 1.0) -> None:
    """Draw every convolution's weights; norms and gates keep what they start with, linear layers PyTorch's default.

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
    for merge in model.modules():
        if isinstance(merge, GatedMerge):
            merge.set_gate()
