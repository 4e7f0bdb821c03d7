"""One formula for each kind of layer, on a copy that is thrown away with its hooks."""

import copy

import torch
from torch import nn


def count_parameters(network, trainable_only):
    total = 0
    for _, parameter in network.named_parameters():
        if trainable_only and not parameter.requires_grad:
            continue
        total += parameter.nelement()
    return total


def count_multiply_adds(network, image):
    costs = []

    def convolution(layer, inputs, output):
        _n, d, height, width = output.shape
        k, j = layer.kernel_size
        costs.append(d * height * width * k * j * layer.in_channels // layer.groups)

    def linear(layer, inputs, output):
        costs.append(layer.in_features * layer.out_features)

    twin = copy.deepcopy(network)
    twin.eval()
    for layer in twin.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(convolution)
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(linear)
    twin(torch.ones((2, *image)))
    return sum(costs)
