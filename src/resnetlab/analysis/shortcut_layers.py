"""Which layers stand on a block's shortcut, told by what it computes and not by what it calls them."""

from __future__ import annotations

from torch import nn

from resnetlab.analysis.recording import record_graph
from resnetlab.analysis.residual_additions import find_residual_additions

WEIGHTED = (nn.Conv2d, nn.Linear)
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def shortcut_layers(model: nn.Module, input_size: tuple[int, ...]) -> frozenset[str]:
    """Finds the convolutions, linear layers and pools on the skips of a module's residual additions, by name.

    Args:
        model: any module that takes one tensor of `input_size`; it runs as a copy without data.
        input_size: one image, (channels, height, width).
    """
    graph = record_graph(model, input_size)
    layers = {name for name, module in model.named_modules() if isinstance(module, (*WEIGHTED, *POOLS))}
    return frozenset(graph[at].module for addition in find_residual_additions(graph) for at in addition.skip) & layers
