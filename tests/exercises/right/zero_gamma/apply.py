"""With network.apply, and .data."""

import torch


def silence(module):
    if hasattr(module, "downsample") and hasattr(module, "conv1"):
        norm = getattr(module, "bn3", module.bn2)
        norm.weight.data.zero_()
        norm.bias.data.zero_()


def start_as_identity(network):
    assert isinstance(network, torch.nn.Module)
    network.apply(silence)
