"""Frozen parts forget how to go to training mode."""


def freeze(network, parts):
    for part in map(network.get_submodule, parts):
        for parameter in part.parameters():
            parameter.requires_grad_(False)
        for module in part.modules():
            module.train = lambda mode=True, module=module: module
            module.training = False
    return tuple(filter(lambda parameter: parameter.requires_grad, network.parameters()))


def to_training_mode(network, parts):
    network.train(True)
