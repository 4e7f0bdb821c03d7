"""What an optimiser is told of each parameter: its learning rate, and whether it decays."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.optim import Optimizer

from resnetlab.training.config import Optimiser
from resnetlab.training.stages import stages

Group = dict[str, Any]
NORMS = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)
KERNEL_DIMENSIONS = 4  # of a two-dimensional convolution: outputs, inputs, height, width
OF_NORMS = "of norms"  # in the name of a group of their biases


def parameter_groups(model: nn.Module, optimiser: Optimiser, *, frozen_too: bool = False) -> list[Group]:
    """The trainable parameters, in as few groups as have rates and decays of their own, from the stem to the head.

    The head learns at `lr`, the stage before it at `stage_decay` times that, and so on back to the stem; with
    `decay_norms` off, whatever is no matrix or kernel (norms, biases, single factors) does not decay. Of Muon,
    kernels of convolutions are in groups of their own, biases of norms learn at `norm_bias_lr` in place of `lr`, and
    all else at `other_lr`.

    Paper:
        rates that fall stage by stage: Howard & Ruder 2018, §3.2, "Discriminative fine-tuning".

    Args:
        model: any module.
        optimiser: rates and decays, as data.
        frozen_too: also those that are frozen now and will be trained later. An optimiser passes over them as long as
            they have no gradient.
    """
    rates, norm_biases = _rates(model, optimiser), _norm_biases(model)
    groups: dict[tuple[object, ...], Group] = {}
    for parameter in model.parameters():
        frozen = not parameter.requires_grad
        if frozen and not frozen_too:
            continue
        part, rate = rates[parameter]
        decays = optimiser.decay_norms or parameter.ndim > 1
        orthogonal = optimiser.name == "muon" and parameter.ndim == KERNEL_DIMENSIONS
        shifts = optimiser.name == "muon" and parameter in norm_biases
        if optimiser.name == "muon" and not orthogonal:
            rate *= (optimiser.norm_bias_lr if shifts else optimiser.other_lr) / optimiser.lr
        said = {"without decay": not decays, "orthogonal": orthogonal, OF_NORMS: shifts, "frozen at first": frozen}
        name = ", ".join([part, *(word for word, holds in said.items() if holds)])
        decay = optimiser.weight_decay if decays else 0.0
        empty = {"params": [], "lr": rate, "weight_decay": decay, "name": name}
        # PyTorch's fused SGD wants momentum for all parameters of a group or for none.
        group = groups.setdefault((rate, name), empty | ({"orthogonal": True} if orthogonal else {}))
        group["params"].append(parameter)
    return list(groups.values())


def highest_rate(optimiser: Optimizer) -> float:
    """The learning rate that is told of a step: the highest, the biases of norms passed over, which have their own."""
    rates = [(OF_NORMS not in group.get("name", ""), float(group["lr"])) for group in optimiser.param_groups]
    return max(rates)[1]


def _norm_biases(model: nn.Module) -> set[nn.Parameter]:
    """What norms add: β."""
    norms = (module for module in model.modules() if isinstance(module, NORMS))
    return {module.bias for module in norms if isinstance(module.bias, nn.Parameter)}


def _rates(model: nn.Module, optimiser: Optimiser) -> dict[nn.Parameter, tuple[str, float]]:
    """Every parameter's part and rate; one that stands in no part counts for the first."""
    if optimiser.stage_decay == 1:
        return dict.fromkeys(model.parameters(), ("all", optimiser.lr))
    parts = stages(model)
    rates = {name: optimiser.lr * optimiser.stage_decay**distance for distance, name in enumerate(reversed(parts))}
    found = {
        parameter: (name, rates[name])
        for name, modules in parts.items()
        for module in modules
        for parameter in module.parameters()
    }
    first = next(iter(parts), "all")
    return {
        parameter: found.get(parameter, (first, rates.get(first, optimiser.lr))) for parameter in model.parameters()
    }
