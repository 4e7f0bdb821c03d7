"""Everything that training changes, in one place: what a checkpoint has to hold so that it goes on exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from resnetlab.core.errors import CheckpointError
from resnetlab.core.terminal import first_few
from resnetlab.training.sharding import share_out_network, share_out_optimiser, whole


@dataclass(eq=False)
class TrainingState:
    """A network in training, and how far it is.

    Args:
        model: the network itself.
        optimiser: of its parameters.
        schedule: of the optimiser's rates.
        runs: what computes in the network's place: itself, or what holds it for many processes.
        average: the moving average of its weights and statistics, where one is kept.
        gather: makes the network in one piece, where processes share its parameters out; all call it together.
        scaler: of the loss, for float16.
        step: steps taken in all.
        epoch: epochs finished.
        step_in_epoch: steps taken since.
        losses: of these, each the mean over its batch.
        last_lr: the rate of the last step, as `highest_rate` tells it.
        best: the highest validation accuracy so far, per cent.
    """

    model: nn.Module
    optimiser: optim.Optimizer
    schedule: LRScheduler
    runs: nn.Module
    average: AveragedModel | None = None
    gather: Callable[[nn.Module], nn.Module] | None = None
    scaler: torch.amp.GradScaler = field(default_factory=lambda: torch.amp.GradScaler(enabled=False))
    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    losses: list[float] = field(default_factory=list)
    last_lr: float = 0.0
    best: float | None = None

    @property
    def judged(self) -> nn.Module:
        """The network that is evaluated: the average where there is one. All processes call it together."""
        return self.model if self.average is None else self.average.module

    @property
    def kept(self) -> nn.Module:
        """The same in one piece, to be kept by the first process; all of them have to come here."""
        return self.judged if self.gather is None else self.gather(self.judged)


POSITION = ("step", "epoch", "step_in_epoch", "losses", "last_lr", "best")


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """A moving average of a network's weights and running statistics, which begins as they are after the first step.

    Args:
        model: copied.
        decay: what a step leaves of the average.
    """
    return Average(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


class Average(AveragedModel):
    """PyTorch's moving average, but for counters: a mean of whole numbers is none, and they are the network's."""

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take a step of the network into the average."""
        super().update_parameters(model)
        for mean, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
            if not buffer.is_floating_point():
                mean.copy_(buffer)


def as_plain(state: TrainingState) -> dict[str, Any]:
    """Tensors, numbers and texts in dicts: what `torch.load(weights_only=True)` reads again.

    Where processes share parameters out all have to come here, and the first gets whole tensors.
    """
    plain = {
        "model": state.model.state_dict(),
        "average": state.average.state_dict() if state.average else None,
        "optimiser": state.optimiser.state_dict(),
        "schedule": {name: value for name, value in state.schedule.state_dict().items() if _is_plain(value)},
        "scaler": state.scaler.state_dict(),
        **{name: getattr(state, name) for name in POSITION},
    }
    return plain if state.gather is None else whole(plain)


def restore(state: TrainingState, plain: Mapping[str, Any], source: str) -> None:
    """Bring a state to where another one was.

    Args:
        state: of the same network and the same configuration, changed in place, or not at all.
        plain: the other, as `as_plain` gave it.
        source: where it comes from, for messages.

    Raises:
        CheckpointError: it was written for another network or optimiser.
    """
    _refuse_another_network(state.model.state_dict(), plain.get("model"), source)
    _refuse_another_optimiser(state.optimiser.state_dict(), plain["optimiser"], source)
    if (state.average is None) != (plain["average"] is None):
        raise CheckpointError(f"{source} was written with another moving average\ngive the flags it was trained with")
    state.model.load_state_dict(share_out_network(plain["model"], state.model))
    if state.average is not None:
        state.average.load_state_dict(plain["average"])
    state.optimiser.load_state_dict(share_out_optimiser(plain["optimiser"], state.optimiser))
    state.schedule.load_state_dict(state.schedule.state_dict() | plain["schedule"])
    state.scaler.load_state_dict(plain["scaler"])
    for name in POSITION:
        setattr(state, name, plain[name])
    state.losses = list(state.losses)


def load_kept(state: TrainingState, plain: Mapping[str, Any]) -> None:
    """Bring the network that is kept to where it was; the rest of the state stays.

    Args:
        state: of the same configuration.
        plain: another state of it, as `as_plain` gave it.
    """
    if state.average is not None:
        state.average.load_state_dict(plain["average"])
    else:
        state.model.load_state_dict(share_out_network(plain["model"], state.model))


def _refuse_another_network(own: Mapping[str, Tensor], other: object, source: str) -> None:
    if not isinstance(other, Mapping):
        raise CheckpointError(
            f"{source} holds no training to go on with\ngive a run folder, or its checkpoints/last.pt"
        )
    differ = [name for name in own.keys() | other.keys() if name not in own or name not in other]
    differ += [name for name in own.keys() & other.keys() if own[name].shape != other[name].shape]
    if differ:
        raise CheckpointError(
            f"{source} is of another network: {first_few(sorted(differ), 3)} differ\n"
            "give the model that it was trained with"
        )


def _refuse_another_optimiser(own: Mapping[str, Any], other: Mapping[str, Any], source: str) -> None:
    """Its groups have as many parameters and the same settings; some optimisers add one with their first step."""
    groups, others = own["param_groups"], other["param_groups"]
    pairs = zip(groups, others, strict=False)
    alike = all(
        (group.keys() <= peer.keys() or peer.keys() <= group.keys()) and len(group["params"]) == len(peer["params"])
        for group, peer in pairs
    )
    if len(groups) != len(others) or not alike:
        raise CheckpointError(f"{source} was written with another optimiser\ngive the flags it was trained with")


def _is_plain(value: object) -> bool:
    """Whether it is a number, a text or a list of those; a schedule's functions are built anew."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, int | float | str | bool) or value is None
