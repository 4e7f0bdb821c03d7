"""Small networks of the library's blocks that a probe hands to an answer, with numbers that follow from the case."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

import torch
from torch import nn

from resnetlab.exercises.observation import Case, drawn
from resnetlab.nn.blocks import BasicBlock, BottleneckBlock

KINDS = {"basic": (BasicBlock, 1), "bottleneck": (BottleneckBlock, 4)}


def residual_network(case: Case, kind: str, depths: Sequence[int], classes: int = 3, width: int = 2) -> nn.Sequential:
    """A stem, stages `layer1`, `layer2`, … of residual blocks, and a head; every number is drawn from the case.

    Args:
        case: one trial.
        kind: "basic" or "bottleneck".
        depths: blocks of each stage; each stage after the first halves the image and doubles the channels.
        classes: that the head tells apart.
        width: of the first stage.
    """
    block, expansion = KINDS[kind]
    channels = width * 2
    stem = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, channels, 3, padding=1, bias=False)))
    stem.add_module("bn", nn.BatchNorm2d(channels))
    stem.add_module("relu", nn.ReLU())
    network = nn.Sequential(OrderedDict(stem=stem))
    for number, depth in enumerate(depths):
        stage = nn.Sequential()
        for place in range(depth):
            own = width * 2**number
            stage.append(block(channels, own, 2 if number and not place else 1))
            channels = own * expansion
        network.add_module(f"layer{number + 1}", stage)
    head = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), fc=nn.Linear(channels, classes))
    network.add_module("head", nn.Sequential(head))
    draw_numbers(case, network)
    return network


def draw_numbers(case: Case, module: nn.Module) -> None:
    """Set every parameter and buffer to numbers that follow from the case and its name; variances stay positive."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point():
                numbers = drawn(case, name, *tensor.shape)
                if tensor.ndim > 1:
                    numbers = numbers / tensor[0].numel() ** 0.5
                elif name.endswith("running_var"):
                    numbers = numbers.exp()
                elif name.endswith("weight"):
                    numbers = 1 + numbers / 4
                tensor.copy_(numbers)


def blocks_of(network: nn.Sequential) -> Iterator[tuple[str, nn.Module]]:
    """The blocks of a network that `residual_network` made, by name, in order."""
    for name, stage in network.named_children():
        if name.startswith("layer"):
            yield from ((f"{name}.{place}", block) for place, block in stage.named_children())
