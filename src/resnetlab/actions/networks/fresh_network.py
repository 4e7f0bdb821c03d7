"""The network that a trained one began as: the same, freshly drawn, where its reference tells how it is made."""

from __future__ import annotations

import torch
from torch import nn

from resnetlab.actions.networks.references import LIBRARIES, ResolvedModel, resolve_model
from resnetlab.core.errors import ResnetlabError
from resnetlab.nn import build


def fresh_network(resolved: ResolvedModel, seed: int) -> tuple[nn.Module | None, str]:
    """The same network as drawn, in training mode; or None, and a sentence that says why.

    Args:
        resolved: the trained network, and its reference.
        seed: of the weights.
    """
    library, colon, rest = resolved.reference.partition(":")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if resolved.card.spec is not None and not (colon and library in LIBRARIES):
            return build(resolved.card.spec), ""
        if colon and library in ("torchvision", "timm"):
            try:
                return resolve_model(f"{library}:{rest.partition('@')[0]}", untrained=True).module, ""
            except ResnetlabError as error:
                return None, f"how it began is not known: {str(error).splitlines()[0]}"
    return None, "how it began is not known: nothing tells how its weights were drawn"
