"""By new parameters in the old ones' places."""

import torch
from torch import nn


def start_as_identity(network):
    blocks = [module for module in network.modules() if all(hasattr(module, name) for name in ("bn1", "bn2"))]
    for block in blocks:
        name = [f"bn{n}" for n in (2, 3) if hasattr(block, f"bn{n}")][-1]
        norm = block.get_submodule(name)
        norm.weight = nn.Parameter(torch.zeros_like(norm.weight))
        norm.bias = nn.Parameter(torch.zeros_like(norm.bias))
