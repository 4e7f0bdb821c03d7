"""Batch norms: what they remember beside what they meet, and whether what they remember moves in training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from resnetlab.analysis.tracing import Layer, tensors_in, watching


@dataclass(frozen=True)
class NormState:
    """One batch norm.

    Attributes:
        name: dotted path.
        channels: it normalises.
        momentum: share of the new in the running statistics; None for their plain mean.
        evaluates_in_training: it stayed in evaluation mode when the whole network was put into training.
        is_frozen: none of its parameters learns; where it has none, none of the module that it is part of.
        has_moved: its running statistics changed in training passes; None where it keeps none or did not run.
        collapsed: share of its channels whose variance is below epsilon, running or of the batches.
        mean_drift: how far the running means are from those of the images, in running deviations, root mean square
            over channels; None where nothing can be compared.
        variance_drift: median over channels of |log10| of the images' variance over the running one; None likewise.
    """

    name: str
    channels: int
    momentum: float | None
    evaluates_in_training: bool
    is_frozen: bool
    has_moved: bool | None
    collapsed: float
    mean_drift: float | None
    variance_drift: float | None


class NormObserver:
    """Sums up what every batch norm takes, over as many passes as are run while it is open."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.norms = {name: one for name, one in model.named_modules() if isinstance(one, _BatchNorm)}
        self._sums: dict[str, tuple[float, Tensor, Tensor]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Reads in the block."""
        with watching(self.model, self.norms, self._read):
            yield

    def staying(self) -> frozenset[str]:
        """Those that are in evaluation mode at the moment."""
        return frozenset(name for name, norm in self.norms.items() if not norm.training)

    def statistics(self, name: str) -> tuple[Tensor, Tensor] | None:
        """Mean and variance of each channel of what a norm took; None where it did not run."""
        if name not in self._sums:
            return None
        count, total, squares = self._sums[name]
        mean = total / count
        return mean, (squares / count - mean**2).clamp_min(0)

    def _read(self, layer: Layer, inputs: Any, output: Any) -> None:
        taken = next(tensors_in(inputs)).detach().double().transpose(0, 1).flatten(1)  # (C, images and places)
        count, total, squares = self._sums.get(layer.name, (0.0, torch.zeros(()), torch.zeros(())))
        self._sums[layer.name] = count + taken.shape[1], total + taken.sum(1), squares + taken.square().sum(1)


def norm_states(
    training: NormObserver, evaluation: NormObserver, staying: frozenset[str], moved: dict[str, float]
) -> tuple[NormState, ...]:
    """Every batch norm of a network, after both observers have seen its passes.

    Args:
        training: saw the passes in training mode.
        evaluation: saw the passes in evaluation mode.
        staying: names of norms that were in evaluation mode while the network trained.
        moved: buffer name → how far it moved in training passes.
    """
    return tuple(_state(name, norm, training, evaluation, staying, moved) for name, norm in training.norms.items())


def _state(
    name: str,
    norm: _BatchNorm,
    training: NormObserver,
    evaluation: NormObserver,
    staying: frozenset[str],
    moved: dict[str, float],
) -> NormState:
    in_training, in_evaluation = training.statistics(name), evaluation.statistics(name)
    keeps = norm.running_mean is not None and norm.running_var is not None
    drift = _drift(norm, in_evaluation) if keeps and in_evaluation is not None else (None, None)
    low = [statistics[1] for statistics in (in_training,) if statistics is not None]
    low += [norm.running_var] if norm.running_var is not None else []
    return NormState(
        name=name,
        channels=norm.num_features,
        momentum=norm.momentum,
        evaluates_in_training=name in staying,
        is_frozen=_is_frozen(training.model, name, norm),
        has_moved=any(f"{name}.{buffer}" in moved for buffer in ("running_mean", "running_var"))
        if keeps and in_training is not None
        else None,
        collapsed=max(((one < norm.eps).double().mean().item() for one in low), default=0.0),
        mean_drift=drift[0],
        variance_drift=drift[1],
    )


def _is_frozen(model: nn.Module, name: str, norm: _BatchNorm) -> bool:
    around = model.get_submodule(name.rpartition(".")[0])
    parameters = list(norm.parameters()) or list(around.parameters())
    return bool(parameters) and not any(one.requires_grad for one in parameters)


def _drift(norm: _BatchNorm, seen: tuple[Tensor, Tensor]) -> tuple[float, float]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = norm.running_mean.double(), norm.running_var.double() + norm.eps
    away = (seen[0] - mean) / variance.sqrt()
    ratio = ((seen[1] + norm.eps) / variance).log10().abs()
    return away.square().mean().sqrt().item(), ratio.median().item()


def moved_buffers(model: nn.Module, before: dict[str, Tensor]) -> dict[str, float]:
    """How far each floating buffer is from what it was, relative to its size; those that did not move are left out."""
    found = {}
    for name, buffer in model.named_buffers():
        if name in before and buffer.is_floating_point() and not torch.equal(buffer, before[name]):
            was = before[name].double()
            found[name] = float((buffer.double() - was).norm() / was.norm().clamp_min(1.0))
    return found
