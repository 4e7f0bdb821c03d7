"""Parameters and their gradients: how large these are, and where there is none, whether that is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.untouched import preserved

OtherOutputs = Callable[[], Sequence[Tensor]]
NUDGE = 0.01  # what stands for a tensor of zeros when it is asked whether only the zeros stop a gradient
MOST_DRAWS = 16  # training passes; a block that is dropped half of the time is left out of all in one case of 65,536


@dataclass(frozen=True)
class ParameterState:
    """One parameter.

    Attributes:
        name: as `named_parameters` gives it.
        size: its numbers.
        learns: it asks for a gradient.
        norm: Euclidean.
        gradient: norm of its gradient, root mean square over the batches; None where none came by.
        waits: its gradient is zero only because other parameters begin at zero, as the last γ of a block may.
        is_auxiliary: only another output than the logits has a gradient for it, as of an auxiliary head.
        is_left_out_at_times: a gradient comes to it in other draws, as where blocks are dropped at random.
    """

    name: str
    size: int
    learns: bool
    norm: float
    gradient: float | None
    waits: bool = False
    is_auxiliary: bool = False
    is_left_out_at_times: bool = False

    @property
    def has_no_gradient(self) -> bool:
        """It should learn, and cannot."""
        excused = self.waits or self.is_auxiliary or self.is_left_out_at_times
        return self.learns and not self.gradient and not excused


def learning_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """Those that ask for a gradient, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def gradients_of(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, dict[str, Tensor | None]]:
    """The mean cross-entropy of a batch, and its gradient for each learning parameter; None where none comes by."""
    learning = learning_parameters(model)
    source = images.detach().requires_grad_()
    loss = F.cross_entropy(model(source.clone()).float(), labels)  # clone: a first layer may write in place
    if not loss.requires_grad:
        return loss.item(), dict.fromkeys(learning)
    found = torch.autograd.grad(loss, [source, *learning.values()], allow_unused=True)
    return loss.item(), dict(zip(learning, found[1:], strict=True))


def parameter_states(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    squares: dict[str, list[float]],
    count: int,
    others: OtherOutputs,
) -> tuple[ParameterState, ...]:
    """Every parameter, with its gradient; where it had none, why not.

    Args:
        model: gives logits.
        batch: images and labels of one training pass.
        squares: parameter → squared norms of its gradients, in the batches that gave one.
        count: of the batches.
        others: gives what the network gave in its last pass beside the logits.
    """
    gradients = {name: (sum(values) / count) ** 0.5 for name, values in squares.items()}
    stopped = {name for name in learning_parameters(model) if gradients.get(name) == 0.0}
    moving = {name for name, gradient in gradients.items() if gradient}
    waiting = _that_wait(model, batch, moving, stopped) if stopped else set()
    without = {name for name in learning_parameters(model) if not gradients.get(name)}
    auxiliary = _of_other_outputs(model, batch[0], without, others)
    at_times = _left_out_at_times(model, batch, without - waiting - auxiliary)
    return tuple(
        ParameterState(
            name=name,
            size=parameter.numel(),
            learns=parameter.requires_grad,
            norm=parameter.detach().double().norm().item(),
            gradient=gradients.get(name),
            waits=name in waiting,
            is_auxiliary=name in auxiliary,
            is_left_out_at_times=name in at_times,
        )
        for name, parameter in model.named_parameters()
    )


def _that_wait(model: nn.Module, batch: tuple[Tensor, Tensor], moving: set[str], stopped: set[str]) -> set[str]:
    """Those of the stopped parameters that get a gradient once zeros that have one have moved, and so on.

    Zeros that get none until others of their kind move, as two zeroed convolutions in a row, never do.
    """
    zeros = {name: one for name, one in learning_parameters(model).items() if not one.detach().any()}
    nudged, waiting = set[str](), set[str]()
    with preserved(model):
        model.train()
        try:
            while fresh := moving & zeros.keys() - nudged:
                with torch.no_grad():
                    for name in fresh:
                        zeros[name].fill_(NUDGE)
                nudged |= fresh
                with torch.enable_grad():
                    moving = _moving(model, batch)
                waiting |= stopped & moving
        finally:
            with torch.no_grad():
                for name in nudged:
                    zeros[name].zero_()
    return waiting


def _left_out_at_times(model: nn.Module, batch: tuple[Tensor, Tensor], without: set[str]) -> set[str]:
    """Those that a gradient comes to in evaluation mode, which drops nothing, and in some other training pass."""
    found = set[str]()
    if not without:
        return found
    with preserved(model), torch.enable_grad():
        possible = without & _moving(model.eval(), batch)
        model.train()
        for _ in range(MOST_DRAWS):
            if possible <= found:
                break
            found |= possible & _moving(model, batch)
    return found


def _moving(model: nn.Module, batch: tuple[Tensor, Tensor]) -> set[str]:
    """The parameters that a gradient comes to, in the mode that the model is in."""
    _, gradients = gradients_of(model, *batch)
    return {name for name, one in gradients.items() if one is not None and bool(one.any())}


def _of_other_outputs(model: nn.Module, images: Tensor, names: set[str], others: OtherOutputs) -> set[str]:
    """Those of the parameters that have a gradient from what the network gives beside its logits."""
    if not names:
        return set()
    learning = {name: parameter for name, parameter in learning_parameters(model).items() if name in names}
    with preserved(model), torch.enable_grad():
        model.train()
        model(images)
        squares = [one.float().square().sum() for one in others() if one.requires_grad]
        found = torch.autograd.grad(squares, list(learning.values()), allow_unused=True) if squares else ()
    return {name for name, one in zip(learning, found, strict=False) if one is not None and bool(one.any())}
