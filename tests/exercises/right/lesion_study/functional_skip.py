"""By replacing forward for as long as it takes."""

import torch


def lesion_study(network, images, labels):
    asleep = [part for part in network.modules() if not part.training]
    network.eval()

    def accuracy():
        with torch.no_grad():
            return torch.eq(torch.argmax(network(images), 1), labels).double().mean().item()

    before = accuracy()
    drops = {}
    for name, block in network.named_modules():
        if "downsample" in block.__dict__ or hasattr(block, "conv2"):
            if block.downsample is not None:
                continue
            block.forward = lambda x: x
            drops[name] = before - accuracy()
            del block.forward
    network.train()
    for part in asleep:
        part.training = False
    return drops
