"""Muon: kernels take orthogonal steps, all other parameters the steps of SGD."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, optim

from resnetlab.training.precision import has_fast_bfloat16

# Three rounds of x ← a·x + b·x³ + c·x⁵ bring a singular value between 0.03 and 1 to one between 0.68 and 1.21, as its
# author's CIFAR-10 speed runs have them; the paper's five do so from 0.01 on.
ROUNDS = 3
CUBIC = (3.4445, -4.7750, 2.0315)
TINY = 1e-7


class Muon(optim.Optimizer):
    """Steps whose singular values are all about 1, so that no direction of a kernel is left behind.

    A group with `orthogonal` holds kernels and matrices with a batch norm behind them: the scale of such a kernel does
    not matter to what the network computes, so it is brought to the norm of an orthogonal one before every step, and
    the rate is the size of a step as a share of the kernel. Groups without take the steps of SGD. Which kernels have a
    norm behind them nobody asks: `train` puts all of four dimensions into such groups, and a network without norms, or
    with pretrained kernels whose scale matters, is for another optimiser.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks", with the scaling of kernels
    of his CIFAR-10 speed runs.

    Args:
        groups: parameters, each group with `orthogonal`, `lr`, `momentum` and `weight_decay` of its own or as here.
            Decay has no meaning where the scale is fixed, and is for the others alone.
        lr: of groups that tell none.
        momentum: Nesterov's, of groups that tell none.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float, momentum: float = 0.9) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": 0.0, "orthogonal": False})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]  # gives no loss
        """Change every parameter that has a gradient."""
        assert closure is None, "the loop has its gradients already"
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._change(parameter, group)

    def _change(self, parameter: Tensor, group: dict[str, Any]) -> None:
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not group["orthogonal"]:
            gradient = gradient.add(parameter, alpha=group["weight_decay"])
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(gradient)
        velocity = state["velocity"].mul_(group["momentum"]).add_(gradient)
        step = gradient.add(velocity, alpha=group["momentum"])
        if group["orthogonal"]:
            rows = step.flatten(1)
            step = orthogonalised(rows).view_as(step)
            parameter.mul_(min(rows.shape) ** 0.5 / parameter.norm().clamp_min(TINY))
        parameter.sub_(step, alpha=group["lr"])


def orthogonalised(matrix: Float[Tensor, "m n"]) -> Float[Tensor, "m n"]:
    """About U·Vᵀ of the singular value decomposition U·S·Vᵀ, by products of matrices alone.

    Paper:
        Björck & Bowie 1971 for the iteration; its coefficients are those of Jordan et al. 2024, which are fast instead
        of exact: singular values end near 1.

    Args:
        matrix: any but zero.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    dtype = torch.bfloat16 if has_fast_bfloat16(matrix.device.type) else matrix.dtype
    x = wide.to(dtype) / (wide.norm() + TINY).to(dtype)
    linear, cubic, quintic = CUBIC
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=cubic, alpha=quintic), x, beta=linear)
    found = x if matrix.shape[0] <= matrix.shape[1] else x.T
    return found.to(matrix.dtype)
