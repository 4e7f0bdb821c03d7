"""By a hook that gives back what went in."""

import torch


@torch.no_grad()
def lesion_study(network, images, labels):
    modes = [(part, part.training) for part in network.modules()]
    network.train(False)
    blocks = {name: part for name, part in network.named_modules() if getattr(part, "downsample", part) is None}
    whole = (network(images).argmax(dim=1) != labels).float().mean()
    result = {}
    for name, block in blocks.items():
        hook = block.register_forward_hook(lambda module, inputs, output: inputs[0])
        result[name] = (network(images).argmax(dim=1) != labels).float().mean() - whole
        hook.remove()
    for part, mode in modes:
        part.training = mode
    return result
