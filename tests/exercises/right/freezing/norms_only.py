"""Parameter by parameter; only the norms are put to evaluation."""

from torch import nn


def freeze(network, parts):
    frozen = {parameter for part in parts for parameter in network.get_submodule(part).parameters()}
    for parameter in frozen:
        parameter.requires_grad = False
    return [parameter for parameter in network.parameters() if parameter not in frozen]


def to_training_mode(network, parts):
    network.train()
    for part in parts:
        for module in network.get_submodule(part).modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
