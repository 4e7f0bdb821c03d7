"""The layouts that are known, one file a library. Where several recognise a state dict, the first that fits is it."""

from __future__ import annotations

from resnetlab.core.errors import WeightsError
from resnetlab.specs import ModelSpec
from resnetlab.weights.layouts import cifar, mmpretrain, resnetlab, timm, torchvision, transformers
from resnetlab.weights.layouts.layout import Layout, family_of

LAYOUTS: tuple[Layout, ...] = (
    *resnetlab.LAYOUTS,
    *torchvision.LAYOUTS,
    *timm.LAYOUTS,
    *transformers.LAYOUTS,
    *mmpretrain.LAYOUTS,
    *cifar.LAYOUTS,
)


def layout_for(library: str, spec: ModelSpec) -> Layout:
    """The layout in which a library names the tensors of this network.

    Raises:
        WeightsError: that library has no such network, or computes it otherwise.
    """
    layouts = [one for one in LAYOUTS if (one.library, one.family) == (library, family_of(spec))]
    fitting = [one for one in layouts if one.obstacle(spec) is None]
    if not fitting:
        reason = layouts[0].obstacle(spec) if layouts else f"it has no {family_of(spec)}s that compute as ours"
        raise WeightsError(
            f"{spec.name} has no equal in {library}: {reason}\nsave() keeps any network of ours as it is"
        )
    return fitting[0]


__all__ = ["LAYOUTS", "Layout", "family_of", "layout_for"]
