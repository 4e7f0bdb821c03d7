"""By the names of parameters and modules."""


def within(name, parts):
    return any(name == part or name.startswith(part + ".") for part in parts)


def freeze(network, parts):
    left = []
    for name, parameter in network.named_parameters():
        if within(name, parts):
            parameter.requires_grad_(False)
        else:
            left.append(parameter)
    return left


def to_training_mode(network, parts):
    for name, module in network.named_modules():
        module.training = not within(name, parts)
