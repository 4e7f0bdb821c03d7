"""By PyTorch's own counter of operations, on a copy."""

import copy

import torch
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network, trainable_only):
    seen = {}
    for parameter in network.parameters():
        if parameter.requires_grad or not trainable_only:
            seen[id(parameter)] = parameter.numel()
    return sum(seen.values())


def count_multiply_adds(network, image):
    twin = copy.deepcopy(network).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        twin(torch.randn(1, *image))
    return counter.get_total_flops() // 2
