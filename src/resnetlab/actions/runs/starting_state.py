"""The network on its device, and all that training will change, as its settings ask."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from resnetlab.actions.runs.network import StartingNetwork
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.distributed import World, replicate
from resnetlab.training.optimisers import build_optimiser
from resnetlab.training.precision import Choice, choose_channels_last, choose_precision
from resnetlab.training.schedules import build_schedule
from resnetlab.training.sharding import one_piece, shard
from resnetlab.training.state import TrainingState, averaged
from resnetlab.training.synchronised_norm import synchronise_norms


@dataclass(frozen=True)
class Numbers:
    """In which numbers a network computes, and in which order images and weights lie in memory.

    Args:
        choice: the precision.
        channels_last: of images, and of weights that are not shared out.
        order: the latter in words, with the reason.
    """

    choice: Choice
    channels_last: bool
    order: str

    @classmethod
    def of(cls, asked: TrainSettings, world: World, model: nn.Module | None = None) -> Numbers:
        """What was asked for, or what this device does fast with this network.

        Raises:
            ResnetlabError: the device cannot train so, or settings do not go with a network that is shared out.
        """
        kind = world.device.partition(":")[0]
        channels_last, why = choose_channels_last(kind, asked.channels_last, model)
        order = f"channels {'last' if channels_last else 'first'}: {why}"
        if is_shared_out(asked, world):
            refuse_beside_shard(asked)
            order = f"images {order}; weights channels first, as they are shared out"
        return cls(choose_precision(kind, asked.precision), channels_last, order)

    @property
    def in_words(self) -> dict[str, str]:
        """What was chosen, by name, with the reason."""
        return {"precision": f"{self.choice.precision}: {self.choice.reason}", "memory format": self.order}


def is_shared_out(asked: TrainSettings, world: World) -> bool:
    """Whether many processes share the network's parameters out."""
    return asked.shard and world.ranks > 1


def refuse_beside_shard(asked: TrainSettings) -> None:
    """Pass where nothing is asked for that needs the network in one piece.

    Raises:
        ResnetlabError: something is.
    """
    for name in ("ema", "probe", "compile"):
        if getattr(asked, name):
            raise ResnetlabError(f"--{name} does not go with --shard\nleave one of them out")
    if asked.optim.name not in ("sgd", "adamw"):
        raise ResnetlabError(f"--optim.name {asked.optim.name} does not go with --shard\ngive sgd or adamw")


def starting_state(
    asked: TrainSettings, start: StartingNetwork, world: World, numbers: Numbers, steps: tuple[int, int]
) -> TrainingState:
    """All that training will change, as it is before the first step.

    Args:
        asked: how it is trained.
        start: the network.
        world: this process.
        numbers: in which it computes.
        steps: of the whole training, and of an epoch.
    """
    model = synchronise_norms(start.module) if asked.sync_norms else start.module
    gather = None
    if is_shared_out(asked, world):
        gather = one_piece(model)
        shard(model, world, start.drawn)
    else:  # FSDP2 wants its parameters in one order of values
        form = torch.channels_last if numbers.channels_last else torch.contiguous_format
        model.to(world.device, memory_format=form)  # type: ignore[call-overload]  # its types lack memory_format
    optimiser = build_optimiser(model, asked.optim, frozen_too=start.freezing.ends_at is not None)
    average = None if asked.ema is None else averaged(model, asked.ema)
    if asked.compile:
        model.compile()
    return TrainingState(
        model,
        optimiser,
        build_schedule(optimiser, asked.schedule, *steps),
        runs=model if gather else replicate(model, world),
        average=average,
        gather=gather,
        scaler=torch.amp.GradScaler(numbers.choice.device, enabled=numbers.choice.scales_loss),
    )
