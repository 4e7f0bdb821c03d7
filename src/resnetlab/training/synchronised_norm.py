"""Batch norm over the images of all processes, on processors and GPUs alike.

A step then computes what one process would with the whole batch, however many processes share it. `nn.SyncBatchNorm`
does the same on GPUs and refuses tensors on a processor.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from resnetlab.core.errors import ResnetlabError
from resnetlab.training.distributed import connected_ranks, total


class SynchronisedNorm(nn.BatchNorm2d):
    """Batch norm whose statistics in training are those of all processes' images together.

    In evaluation, and in a process that is alone, it is `nn.BatchNorm2d`. The number of images may differ from process
    to process, but each has one at least. One message goes round per forward pass, one per backward pass.

    Paper:
        Ioffe & Szegedy 2015, Algorithm 1, over the global batch.
    """

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        if not self.training or connected_ranks() == 1:
            return super().forward(x)
        self._check_input_dim(x)
        count, mean, variance = _moments_of_all(x)
        self._track(count, mean, variance)
        scale = torch.rsqrt(variance + self.eps)
        return _Normalise.apply(x, self.weight, self.bias, count, mean, scale)

    @torch.no_grad()
    def _track(self, count: Tensor, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics towards the batch's, as `nn.BatchNorm2d` does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        step = self.momentum if self.momentum is not None else 1 / self.num_batches_tracked.item()
        unbiased = variance * (count / (count - 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), step)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), step)


def synchronise_norms(model: nn.Module) -> nn.Module:
    """Make every `nn.BatchNorm2d` of a network a `SynchronisedNorm`, in place; gives the same network.

    Each remains the object it was, with its parameters, buffers, hooks and names.

    Raises:
        ResnetlabError: a batch norm of another class, whose arithmetic is its own.
    """
    norms = {name: module for name, module in model.named_modules() if isinstance(module, _BatchNorm)}
    for name, norm in norms.items():
        if type(norm) not in (nn.BatchNorm2d, SynchronisedNorm):
            raise ResnetlabError(
                f"{name} is a {type(norm).__name__}, which cannot be synchronised over processes\n"
                "leave it to each process's own images: without synchronised batch norm"
            )
    for norm in norms.values():
        norm.__class__ = SynchronisedNorm
    return model


@torch.no_grad()
def _moments_of_all(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Number of values per channel, their mean and biased variance (C,), over all processes, in float32 at least.

    Means and sums of squared deviations are combined (Chan et al. 1983, Eq. 2.1), which loses nothing where a mean is
    far larger than its deviation, as Σx² − (Σx)²/n would.
    """
    exact = torch.float64 if x.dtype == torch.float64 else torch.float32
    zero, one = (torch.full((x.shape[1],), value, dtype=exact, device=x.device) for value in (0.0, 1.0))
    # The fused kernel beneath nn.BatchNorm2d: many times faster than torch.var_mean over three dimensions.
    moments = torch.batch_norm_update_stats(x, zero, one, 0.0)
    message = torch.cat([zero.new_tensor([x.numel() / x.shape[1]]), *moments])
    messages = [torch.empty_like(message) for _ in range(connected_ranks())]
    dist.all_gather(messages, message)
    counts, means, variances = torch.stack(messages).split([1, x.shape[1], x.shape[1]], dim=1)
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    return count, mean, (counts * (variances + (means - mean).square())).sum(0) / count


class _Normalise(torch.autograd.Function):
    """γ·(x − mean)·scale + β, whose gradient knows that mean and scale are made of every process's x."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, count: Tensor, mean: Tensor, scale: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, weight, count, mean, scale)
        weighted = scale if weight is None else scale * weight
        return _per_channel(x, mean, weighted, torch.zeros_like(mean) if bias is None else bias.to(mean.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, count, mean, scale = ctx.saved_tensors
        if grad.stride() != x.stride():  # the kernels are fast, and add up in float32, where both lie alike in memory
            grad = torch.empty_like(x).copy_(grad)
        # Σ ∂y·x̂ and Σ ∂y over this process's values: the gradients of γ and β, summed over processes by who averages.
        _, grad_weight, grad_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, scale, None, None, mean, scale, True, 0.0, [False, True, True]
        )
        along, level = (total(torch.stack([grad_weight, grad_bias])) / count).unbind()
        weighted = scale if weight is None else scale * weight
        nothing = torch.zeros_like(mean)
        # ∂x = γ·scale·(∂y − mean of ∂y − x̂·mean of ∂y·x̂)
        grad_x = _per_channel(grad, level, weighted, nothing)
        grad_x -= _per_channel(x, mean, weighted * scale * along, nothing)
        has_weight, has_bias = ctx.needs_input_grad[1:3]
        return (
            grad_x,
            grad_weight.to(weight.dtype) if has_weight else None,
            grad_bias.to(weight.dtype) if has_bias else None,
            None,
            None,
            None,
        )


def _per_channel(x: Tensor, mean: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """(x − mean)·scale + shift, channel by channel and in x's type, by the fused kernel of batch norm."""
    return F.batch_norm(x, mean, torch.ones_like(mean), scale.to(mean.dtype), shift, training=False, eps=0.0)
