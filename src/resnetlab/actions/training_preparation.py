"""All that a training needs, put together from its settings: images, network, state, and how a step is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import ceil
from typing import Any

import torch

from resnetlab.actions.feeding import Feed, usual_preprocessing
from resnetlab.actions.train_settings import TrainSettings
from resnetlab.actions.training_network import StartingNetwork, refuse_what_cannot_be_trained
from resnetlab.core.errors import ResnetlabError
from resnetlab.data.batches import Batches
from resnetlab.data.preparation import Batch
from resnetlab.data.splits import TrainingData, training_data
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.training.distributed import World, after_first, replicate
from resnetlab.training.loop import StepRule
from resnetlab.training.losses import build_loss
from resnetlab.training.optimisers import build_optimiser
from resnetlab.training.precision import Choice, choose_channels_last, choose_precision
from resnetlab.training.schedules import build_schedule
from resnetlab.training.sharding import one_piece, shard
from resnetlab.training.state import TrainingState, averaged
from resnetlab.training.synchronised_norm import synchronise_norms
from resnetlab.weights.saving import card_of

MakeNetwork = Callable[[Any, Sequence[str], int], StartingNetwork]
"""Gives the network to train: for settings, names of classes, and channels of images."""


@dataclass(frozen=True)
class Trial:
    """A training cut short.

    Args:
        steps_per_epoch: and as many batches of an evaluation.
        stop_at: the step after which it is interrupted.
    """

    steps_per_epoch: int
    stop_at: int | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A training that is ready to begin, or to go on.

    Args:
        data: its images.
        how: what they go through.
        state: network, optimiser, schedule, at the start.
        rule: how a step is taken.
        batches: to train on.
        validation: to choose by; None where none are held out.
        test: looked at once, at the end; None where there are none.
        epochs: in all.
        steps: in all.
        choices: what was chosen for this machine, by name, with the reason.
        remarks: what was assumed, a sentence each.
        before_epoch: called at the start of each epoch.
    """

    data: TrainingData
    how: Preprocessing
    state: TrainingState
    rule: StepRule
    batches: Batches
    validation: Iterable[Batch] | None
    test: Iterable[Batch] | None
    epochs: int
    steps: int
    choices: Mapping[str, str]
    remarks: tuple[str, ...]
    before_epoch: Callable[[TrainingState], None] = lambda state: None


def prepare(asked: TrainSettings, world: World, make_network: MakeNetwork, trial: Trial | None = None) -> Prepared:
    """Put a training together; what cannot be is refused before any image is decoded.

    Raises:
        ResnetlabError: settings, network and data do not fit each other.
    """
    data = after_first(partial(training_data, str(asked.data), asked.seed, asked.validation))
    if asked.keep == "best" and data.validation is None:
        raise ResnetlabError(
            f"--keep best needs images to choose by, and {asked.data} has none\ngive --validation 0.1"
        )
    plain = usual_preprocessing(data.train, asked.size, None)
    start = after_first(partial(make_network, asked, data.classes, plain.channels))
    known = card_of(start.module).preprocessing
    how = usual_preprocessing(data.train, asked.size, known) if known else plain
    part = _part(asked, world, len(data.train))
    refuse_what_cannot_be_trained(start.module, (part, how.channels, how.size, how.size), len(data.classes))

    kind = world.device.partition(":")[0]
    choice, (channels_last, why) = (
        choose_precision(kind, asked.precision),
        choose_channels_last(kind, asked.channels_last),
    )
    feed = Feed(asked, how, world, channels_last)
    batches, left_out = feed.training(data.train)
    (validation, not_validated), (test, not_tested) = (
        (None, ()) if images is None else feed.evaluation(images) for images in (data.validation, data.test)
    )
    if trial is not None:
        batches = _Fewer(batches, trial.steps_per_epoch)
        validation, test = None if validation is None else _First(validation, trial.steps_per_epoch), None
    epochs = asked.epochs if asked.steps is None else ceil(asked.steps / batches.steps)
    steps = epochs * batches.steps if asked.steps is None else asked.steps
    return Prepared(
        data,
        how,
        state=_state(asked, start, world, choice, channels_last, steps, batches.steps),
        rule=StepRule(build_loss(asked), choice, asked.optim.clip, asked.accumulate, seed=(asked.seed, world.rank)),
        batches=batches,
        validation=validation,
        test=test,
        epochs=epochs,
        steps=steps,
        choices={
            "precision": f"{choice.precision}: {choice.reason}",
            "memory format": f"channels {'last' if channels_last else 'first'}: {why}",
        },
        remarks=(*data.remarks, *start.remarks, *left_out, *not_validated, *not_tested),
        before_epoch=partial(start.freezing.end_in_time, world=world),
    )


def _state(
    asked: TrainSettings,
    start: StartingNetwork,
    world: World,
    choice: Choice,
    channels_last: bool,
    steps: int,
    per_epoch: int,
) -> TrainingState:
    """The network on its device, and all that training will change."""
    model = synchronise_norms(start.module) if asked.sync_norms else start.module
    model.to(world.device)
    gather = None
    if asked.shard and world.ranks > 1:
        _refuse_beside_shard(asked)
        gather = one_piece(model)
        shard(model, world)
    else:  # FSDP2 wants its parameters in one order of values
        model.to(memory_format=torch.channels_last if channels_last else torch.contiguous_format)
    optimiser = build_optimiser(model, asked.optim, frozen_too=start.freezing.ends_at is not None)
    average = None if asked.ema is None else averaged(model, asked.ema)
    if asked.compile:
        model.compile()
    return TrainingState(
        model,
        optimiser,
        build_schedule(optimiser, asked.schedule, steps, per_epoch),
        runs=model if gather else replicate(model, world),
        average=average,
        gather=gather,
        scaler=torch.amp.GradScaler(choice.device, enabled=choice.scales_loss),
    )


def _refuse_beside_shard(asked: TrainSettings) -> None:
    for name in ("ema", "probe", "compile"):
        if getattr(asked, name):
            raise ResnetlabError(f"--{name} does not go with --shard\nleave one of them out")
    if asked.optim.name not in ("sgd", "adamw"):
        raise ResnetlabError(f"--optim.name {asked.optim.name} does not go with --shard\ngive sgd or adamw")


@dataclass(frozen=True, eq=False)
class _Fewer:
    """The first batches of every epoch."""

    batches: Batches
    count: int

    @property
    def steps(self) -> int:
        return min(self.count, self.batches.steps)

    def epoch(self, number: int, first: int = 0) -> Iterator[Batch]:
        return islice(self.batches.epoch(number, first), self.steps - first)


@dataclass(frozen=True, eq=False)
class _First:
    """The first batches of an evaluation."""

    batches: Iterable[Batch]
    count: int

    def __iter__(self) -> Iterator[Batch]:
        return islice(self.batches, self.count)


def _part(asked: TrainSettings, world: World, images: int) -> int:
    """Images that go through the network of a process at a time, at the fewest.

    Raises:
        ResnetlabError: the batch is larger than the data, or has fewer images than there are processes.
    """
    if asked.batch_size > images:
        raise ResnetlabError(
            f"--batch-size {asked.batch_size} is impossible: {asked.data} has {images} images to train on\n"
            f"give {images} or fewer"
        )
    if asked.batch_size < world.ranks * asked.accumulate:
        raise ResnetlabError(
            f"--batch-size {asked.batch_size} is too small for {world.ranks} processes and {asked.accumulate} parts\n"
            f"give {world.ranks * asked.accumulate} or more"
        )
    return asked.batch_size // world.ranks // asked.accumulate
