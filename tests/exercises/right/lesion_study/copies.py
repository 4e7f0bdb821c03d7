"""On a fresh copy for every block."""

import copy

import torch
from torch import nn


def wrong(network, images, labels):
    with torch.inference_mode():
        return sum(int(a != b) for a, b in zip(network(images).max(1).indices, labels, strict=False)) / len(labels)


def lesion_study(network, images, labels):
    whole = copy.deepcopy(network).eval()
    base = wrong(whole, images, labels)
    added = {}
    for stage, part in whole.named_children():
        if not isinstance(part, nn.Sequential):
            continue
        for place, block in part.named_children():
            if hasattr(block, "downsample") and block.downsample is None:
                twin = copy.deepcopy(whole)
                setattr(getattr(twin, stage), place, nn.Identity())
                added[f"{stage}.{place}"] = wrong(twin, images, labels) - base
    return added
