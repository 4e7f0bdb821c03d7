"""Forward hooks that put a hook on the tensor."""

import copy

import torch
from torch import nn
from torch.nn import functional as F


def gradient_norms(network, images, labels):
    twin = copy.deepcopy(network)
    found = {}

    def watch(name):
        def forward(layer, inputs, output):
            output.register_hook(lambda gradient: found.__setitem__(name, torch.linalg.vector_norm(gradient).item()))

        return forward

    for name, layer in twin.named_modules():
        if type(layer) is nn.Conv2d:
            layer.register_forward_hook(watch(name))
    F.cross_entropy(twin(images), labels).backward()
    return found
