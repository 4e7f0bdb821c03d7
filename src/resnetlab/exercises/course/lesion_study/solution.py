"""A lesion study: what does a network lose without one block?

Take a block out of a trained network, at test time, and measure the error again. Veit, Wilber & Belongie 2016 did
that and found that a residual network hardly minds, while a plain one is ruined: with a skip there is still a way
round. They removed blocks from the trained network. Dropping blocks during training is another thing, stochastic
depth.

Only a block that gives the shape it takes can be taken out: one without a projection. One block at a time is removed,
the network is measured in evaluation mode, and everything is put back: each part's own mode too, for frozen norms
are in another than the rest.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def lesion_study(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """For every removable block, by name: the error without it less the error of the whole network.

    Errors are shares of the images: 0.25 where a quarter is wrong. The network is left as it was.

    Args:
        network: its blocks stand in nn.Sequential modules and have `downsample`, which is None where the skip is x.
        images: (n, 3, h, w).
        labels: (n,).
    """
    # --- fill in ---
    modes = {part: part.training for part in network.modules()}
    network.eval()

    def error() -> float:
        with torch.no_grad():
            return (network(images).argmax(1) != labels).double().mean().item()

    whole = error()
    added = {}
    for name, block in list(network.named_modules()):
        if hasattr(block, "downsample") and block.downsample is None:
            path, _, place = name.rpartition(".")
            stage: Any = network.get_submodule(path)
            stage[int(place)] = nn.Identity()
            added[name] = error() - whole
            stage[int(place)] = block
    for part, mode in modes.items():
        part.training = mode
    return added
    # --- until here ---
