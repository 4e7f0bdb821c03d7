"""By the names of the parameters: the highest bn of each block."""

import re

import torch


@torch.no_grad()
def start_as_identity(network):
    last = {}
    for name, _ in network.named_parameters():
        found = re.fullmatch(r"(.*)\.bn(\d)\.weight", name)
        if found and f"{found[1]}.conv2.weight" in dict(network.named_parameters()):
            last[found[1]] = max(int(found[2]), last.get(found[1], 0))
    parameters = dict(network.named_parameters())
    for block, number in last.items():
        parameters[f"{block}.bn{number}.weight"].fill_(0)
        parameters[f"{block}.bn{number}.bias"].mul_(0)
