"""Whether a network was ever trained, as far as its tensors tell."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy


def was_trained(model: nn.Module) -> bool:
    """False where every batch norm still has the running statistics it started with; nets without any are believed."""
    norms = [layer for layer in model.modules() if isinstance(layer, _BatchNorm) and layer.running_mean is not None]
    means = [norm.running_mean for norm in norms if norm.running_mean is not None]
    return not norms or any(bool(mean.any()) for mean in means if not mean.is_meta and not is_lazy(mean))
