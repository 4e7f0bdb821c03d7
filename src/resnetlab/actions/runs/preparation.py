"""All that a training needs, put together from its settings: images, network, state, and how a step is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from math import ceil
from typing import Any

from resnetlab.actions.runs.feeding import Feed, usual_preprocessing
from resnetlab.actions.runs.network import StartingNetwork, refuse_what_cannot_be_trained
from resnetlab.actions.runs.starting_state import Numbers, is_shared_out, starting_state
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.analysis.untouched import weightless_copy
from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.data.batches import Batches
from resnetlab.data.preparation import Batch
from resnetlab.data.splits import TrainingData, training_data
from resnetlab.specs.card import ModelCard
from resnetlab.specs.plain import from_plain, to_plain
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.training.distributed import World, after_first, in_turn
from resnetlab.training.loop import StepRule
from resnetlab.training.losses import build_loss
from resnetlab.training.progressive import grown
from resnetlab.training.state import TrainingState
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
        warnings: those of them that tell of images left out.
        left_out: those images, by number and file.
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
    warnings: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    before_epoch: Callable[[TrainingState], None] = lambda state: None


def prepare(
    asked: TrainSettings,
    world: World,
    make_network: MakeNetwork,
    trial: Trial | None = None,
    *,
    rehearses: bool = False,
) -> Prepared:
    """Put a training together; what cannot be is refused before any image is decoded.

    Args:
        asked: its settings.
        world: this process.
        make_network: gives the network to begin with.
        trial: makes it a short one.
        rehearses: a few batches are all that is wanted.

    Raises:
        ResnetlabError: settings, network and data do not fit each other.
    """
    data = after_first(partial(training_data, str(asked.data), asked.seed, asked.validation))
    start, how = _network(asked, world, make_network, data)
    numbers = Numbers.of(asked, world, start.module)
    feed = Feed(asked, how, world, numbers.channels_last, sum(map(len, data.parts.values())), rehearses)
    batches, reading, left_out = feed.training(data.train)
    (validation, not_validated), (test, not_tested) = (
        (None, ()) if images is None else feed.evaluation(images) for images in (data.validation, data.test)
    )
    if trial is not None:
        batches = _Fewer(batches, trial.steps_per_epoch)
        validation, test = None if validation is None else _First(validation, trial.steps_per_epoch), None
    epochs = asked.epochs if asked.steps is None else ceil(asked.steps / batches.steps)
    steps = epochs * batches.steps if asked.steps is None else asked.steps
    choice, seed = numbers.choice, (asked.seed, world.rank)
    warnings = tuple(dict.fromkeys((*left_out, *not_validated, *not_tested)))
    return Prepared(
        data,
        how,
        state=starting_state(asked, start, world, numbers, (steps, batches.steps)),
        rule=StepRule(
            build_loss(asked), choice, asked.optim.clip, asked.accumulate, shown=grown(asked.grow, steps), seed=seed
        ),
        batches=batches,
        validation=validation,
        test=test,
        epochs=epochs,
        steps=steps,
        choices=numbers.in_words | {"training images": reading} | _overfitted(asked),
        remarks=(*data.remarks, *start.remarks, *warnings),
        warnings=warnings,
        left_out=tuple(feed.left_out),
        before_epoch=partial(start.freezing.end_in_time, world=world),
    )


def _network(
    asked: TrainSettings, world: World, make_network: MakeNetwork, data: TrainingData
) -> tuple[StartingNetwork, Preprocessing]:
    """The network, and what images go through on their way to it; what does not fit is refused."""
    if asked.keep == "best" and data.validation is None:
        raise ResnetlabError(
            f"--keep best needs images to choose by, and {asked.data} has none\ngive --validation 0.1"
        )
    _refuse_classes_that_cannot_be_kept(data.classes)
    plain = usual_preprocessing(data.train, asked.size, None)
    make = partial(make_network, asked, data.classes, plain.channels)
    start = in_turn(partial(_for_sharing, make, world)) if is_shared_out(asked, world) else after_first(make)
    known = card_of(start.module).preprocessing
    how = usual_preprocessing(data.train, asked.size, known) if known else plain
    part = _part(asked, world, len(data.train))
    seen = part * world.ranks if asked.sync_norms else part  # by a batch norm
    for side in (*asked.grow.sides, how.size):
        refuse_what_cannot_be_trained(start.module, (seen, how.channels, side, side), len(data.classes))
    return start, how


def _refuse_classes_that_cannot_be_kept(classes: Sequence[str]) -> None:
    """Pass names that can stand beside the network that is kept at the end, when it would be too late to refuse them.

    Raises:
        ResnetlabError: a name is no text, as that of a folder need not be.
    """
    try:
        from_plain(ModelCard, to_plain(ModelCard(classes=tuple(classes))))
    except CheckpointError as error:
        why = str(error).splitlines()[0]
        raise ResnetlabError(
            f"no network can be kept with the data's classes: {why}\ngive its folder a name in UTF-8"
        ) from error


def _for_sharing(make: Callable[[], StartingNetwork], world: World) -> StartingNetwork:
    """The network, with numbers in the first process alone, which sends them round."""
    start = make()
    return start if world.is_first else replace(start, module=weightless_copy(start.module))


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


def _overfitted(asked: TrainSettings) -> dict[str, str]:
    """What is said where a few batches are learned by heart."""
    if asked.overfit_batches is None:
        return {}
    images = asked.overfit_batches * asked.batch_size
    return {"overfitting": f"at most {images:,} of them, the same in every epoch; their loss should fall to nothing"}
