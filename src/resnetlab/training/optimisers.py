"""Optimisers by name: PyTorch's, timm's LAMB, and Muon."""

from __future__ import annotations

from torch import nn, optim
from torch.distributed.tensor import DTensor

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.config import Optimiser
from resnetlab.training.muon import Muon
from resnetlab.training.parameter_groups import parameter_groups


def build_optimiser(model: nn.Module, how: Optimiser, *, frozen_too: bool = False) -> optim.Optimizer:
    """What makes a step of the gradients of a network's trainable parameters; one kernel for all where there is one.

    Args:
        model: any.
        how: as data.
        frozen_too: also parameters that are frozen now and will be trained later.

    Raises:
        ResnetlabError: LAMB is asked for and timm is not installed.
    """
    groups = parameter_groups(model, how, frozen_too=frozen_too)
    if how.name == "sgd":
        return optim.SGD(groups, how.lr, how.momentum, nesterov=how.nesterov, fused=_can_fuse(model))
    if how.name == "adamw":
        return optim.AdamW(groups, how.lr, how.betas, fused=_can_fuse(model))
    if how.name == "muon":
        return Muon(groups, how.lr, how.momentum)
    try:
        from timm.optim.lamb import Lamb
    except ImportError as error:
        raise ResnetlabError("--optim.name lamb needs timm\ninstall it: pip install 'resnetlab[hub]'") from error
    return Lamb(groups, how.lr, betas=how.betas, max_grad_norm=None)


def _can_fuse(model: nn.Module) -> bool:
    """Whether one kernel can take the whole step: not where processes share parameters out."""
    return all(
        parameter.device.type in ("cpu", "cuda") and not isinstance(parameter, DTensor)
        for parameter in model.parameters()
    )
