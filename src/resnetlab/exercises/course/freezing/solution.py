"""Freezing parts of a network for fine-tuning, batch norms included.

"Freeze the early layers" is said to be one line: requires_grad = False. It is not. A parameter that asks for no
gradient is left alone, but a batch norm in training mode goes on moving its running averages with every batch, and
normalises by the batch instead of them, so the frozen part changes all the same. It has to stay in evaluation mode,
and network.train(), which every training loop calls, would wake it: so this comes after it, every time.

Where only some stages are named, what stands before them still learns. And what is frozen should not reach the
optimiser at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def freeze(network: nn.Module, parts: Sequence[str]) -> list[nn.Parameter]:
    """Let nothing in these parts be trained; gives the parameters that are left, for the optimiser, in order.

    Args:
        network: in which every parameter asks for a gradient.
        parts: full names of modules, "stem" or "layer1": as in network.get_submodule.
    """
    # --- fill in ---
    for part in parts:
        network.get_submodule(part).requires_grad_(False)
    return [parameter for parameter in network.parameters() if parameter.requires_grad]
    # --- until here ---


def to_training_mode(network: nn.Module, parts: Sequence[str]) -> None:
    """Called before each epoch, in place of network.train(): the frozen parts keep to their running averages.

    Args:
        network: in any mode.
        parts: those that `freeze` was given.
    """
    # --- fill in ---
    network.train()
    for part in parts:
        network.get_submodule(part).eval()
    # --- until here ---
