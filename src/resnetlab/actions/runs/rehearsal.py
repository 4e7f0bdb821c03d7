"""What can be known of a training before it: what it will do and take, and a learning rate to begin with.

Both put the training together as `train` would, and write nothing into the folder of a run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from torch.optim.lr_scheduler import LambdaLR

from resnetlab.actions.runs.folder import kept_for_us, make_run_folder
from resnetlab.actions.runs.preparation import MakeNetwork, Prepared, prepare
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.core.devices import choose_device
from resnetlab.core.files import write_content
from resnetlab.core.memory import keep_large_blocks
from resnetlab.training.config import Growth
from resnetlab.training.freezing import counts
from resnetlab.training.joining import join
from resnetlab.training.learning_rate_finder import Sweep, find_learning_rate
from resnetlab.training.loop import take_step

STEPS = 4  # taken to see how long one takes; the first is not counted


@dataclass(frozen=True)
class Plan:
    """What a training will do.

    Args:
        model: its reference.
        data: its reference.
        images: of each part of the data.
        parameters: in all.
        trained: of them.
        epochs: in all.
        steps: in all.
        batch_size: images of a step, over all processes.
        lr: the highest learning rate, for that batch.
        choices: what was chosen for this machine, by name, with the reason.
        seconds_per_step: measured here; the median of a few, and where images grow the mean of all their sizes.
        remarks: what was assumed, a sentence each.
    """

    model: str
    data: str
    images: Mapping[str, int]
    parameters: int
    trained: int
    epochs: int
    steps: int
    batch_size: int
    lr: float
    choices: Mapping[str, str]
    seconds_per_step: float
    remarks: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Of all steps, without evaluations."""
        return self.steps * self.seconds_per_step


def plan_training(asked: TrainSettings, make_network: MakeNetwork) -> Plan:
    """What a training will do and how long it will take, after a few steps that are thrown away.

    Args:
        asked: its settings.
        make_network: gives the network to begin with.

    Raises:
        ResnetlabError: it cannot be, as of `train`.
    """
    with _ready(asked, make_network) as ready:
        parameters, trained = counts(ready.state.model)
        return Plan(
            str(asked.model),
            ready.data.train.name,
            {name: len(part) for name, part in ready.data.parts.items()},
            parameters,
            trained,
            ready.epochs,
            ready.steps,
            asked.batch_size,
            asked.optim.lr,
            ready.choices,
            _seconds_per_step(ready, asked.grow),
            ready.remarks,
        )


def _seconds_per_step(ready: Prepared, growth: Growth) -> float:
    """Mean of the whole training, by a few steps at every size of its images."""
    # A schedule may refuse more steps than the training has, and that many may be tried.
    ready.state.schedule = LambdaLR(ready.state.optimiser, lambda step: 1.0)
    phases = growth.phases(ready.steps)
    ends = (*(start for start, _ in phases[1:]), ready.steps)
    spans = [(start, end - start) for (start, _), end in zip(phases, ends, strict=True)]
    return sum(count * _seconds(ready, start) for start, count in spans if count) / ready.steps


def _seconds(ready: Prepared, first: int) -> float:
    """Median of a few steps from this one on, the first left out; the wait for their batches counts."""
    ends, ready.state.step = [time.perf_counter()], first
    for batch in islice(ready.batches.epoch(0), STEPS):
        take_step(ready.state, batch, ready.rule)
        ends.append(time.perf_counter())
    times = [end - start for start, end in pairwise(ends)]
    return statistics.median(times[1:] or times)


def suggest_learning_rate(asked: TrainSettings, make_network: MakeNetwork) -> tuple[Sweep, Path]:
    """A learning rate to begin with, by a sweep, and the figure of its losses.

    Args:
        asked: the training's settings; the figure is written to its output folder.
        make_network: gives the network to begin with.

    Raises:
        ResnetlabError: the training cannot be, as of `train`.
    """
    from resnetlab.pages.learning_rate import learning_rate_figure
    from resnetlab.pages.svg import drawn

    folder = make_run_folder("find-lr", asked)
    with kept_for_us(folder, own=asked.output is not None):
        with _ready(asked, make_network) as ready:
            found = find_learning_rate(ready.state, ready.batches, ready.rule)
        figure = learning_rate_figure(found.rates, found.losses, found.smoothed, found.suggestion)
        picture, place = drawn(figure, "learning-rate").png, folder / "learning-rate.png"
        write_content(place, picture)
    return found, place


@contextmanager
def _ready(asked: TrainSettings, make_network: MakeNetwork) -> Iterator[Prepared]:
    with join(choose_device(asked.device)) as world:
        if world.device == "cpu":
            keep_large_blocks()
        yield prepare(asked, world, make_network, rehearses=True)
