"""Loading a checkpoint in a published layout.

Weights are published as training scripts leave them. The file may hold a dict around the tensors, beside the epoch
and the best accuracy; data-parallel training put "module." before every name; another author called the head
`linear`; files from before 2018 lack the norms' counters (num_batches_tracked). All of this can be told by the names.

Two things go wrong in silence. strict=False loads what fits and says nothing of the rest, so that a network of random
numbers is taken for a trained one. And a file of this kind is a pickle: reading it can run any program, unless
weights_only=True, the default since PyTorch 2.6. load_state_dict itself is not all or nothing: it copies what fits,
and only then raises.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn


def load(network: nn.Module, file: Path) -> None:
    """Fill a network from a file, or raise ValueError and leave it as it was.

    Args:
        network: its head is called `fc`; each tensor of its state dict has to be in the file, in its shape.
        file: of torch.save: a dict of tensors, or one that has it under "state_dict" or "model"; every name may
            begin with "module."; the head may be called `linear`; counters (num_batches_tracked) may be missing.

    Raises:
        ValueError: a tensor is missing, is not expected, or has another shape; or (any error) the file holds more than
            data.
    """
    # --- fill in ---
    held = torch.load(file, weights_only=True)
    for wrapper in ("state_dict", "model"):
        held = held.get(wrapper, held)
    own = network.state_dict()
    tensors = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}
    for name, tensor in held.items():
        name = name.removeprefix("module.")
        if name.startswith("linear."):
            name = "fc." + name.removeprefix("linear.")
        tensors[name] = tensor
    wrong = {name for name in own if name in tensors and own[name].shape != tensors[name].shape}
    wrong |= own.keys() ^ tensors.keys()
    if wrong:
        raise ValueError(f"missing, not expected, or of another shape: {sorted(wrong)}")
    network.load_state_dict(tensors)
    # --- until here ---
