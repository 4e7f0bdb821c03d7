"""What standard error shows while a network is trained: a live line, or a plain one for each epoch.

A step costs two divisions and a look at the clock; the line is drawn anew twice a second at most, by the thread
that trains, so that no other thread takes time from it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from resnetlab.pages.numbers import duration
from resnetlab.training.events import EpochDone, StepDone

REDRAW_SECONDS = 0.5  # drawing takes some milliseconds of the thread that trains
MEMORY_SECONDS = 10.0  # how far back the smoothed speed looks

Clock = Callable[[], float]


@dataclass(frozen=True)
class Extent:
    """How far training goes, and how far it has come.

    Args:
        steps: of the optimiser, in all.
        steps_per_epoch: of them.
        step: the last one that is done; above 0 after a resume.
        epochs_done: those that are over, with their evaluation.
    """

    steps: int
    steps_per_epoch: int
    step: int = 0
    epochs_done: int = 0

    @property
    def epochs(self) -> int:
        """All that are begun."""
        return math.ceil(self.steps / self.steps_per_epoch)


class Pace:
    """Images a second, smoothed, and the time that is left for all of training.

    Args:
        extent: of the training.
        clock: seconds, rising.
    """

    def __init__(self, extent: Extent, clock: Clock = time.perf_counter) -> None:
        self.extent, self.clock = extent, clock
        self.last: float | None = None  # when the last step ended; None at the start of an epoch
        self.step_seconds = self.images = self.weight = 0.0
        self.evaluation_seconds = 0.0

    def step(self, images: int) -> None:
        """Count a step; the first of each epoch only starts the clock, for something else came before it."""
        now = self.clock()
        if self.last is not None:
            took = now - self.last
            kept = math.exp(-took / MEMORY_SECONDS)
            self.step_seconds = kept * self.step_seconds + took
            self.images = kept * self.images + images
            self.weight = kept * self.weight + 1
        self.last = now

    def epoch(self) -> None:
        """Take the time since the last step for that of an evaluation."""
        if self.last is not None:
            self.evaluation_seconds = self.clock() - self.last
        self.last = None

    @property
    def images_per_second(self) -> float | None:
        """Over the last ten seconds, the latest weighing most; None before the second step."""
        return self.images / self.step_seconds if self.step_seconds > 0 else None

    def seconds_left(self, step: int) -> float | None:
        """After this step: of steps and of evaluations; None before the second step."""
        if not self.weight:
            return None
        evaluations = self.extent.epochs - (step - 1) // self.extent.steps_per_epoch
        each = self.step_seconds / self.weight
        return (self.extent.steps - step) * each + evaluations * self.evaluation_seconds


class Screen:
    """Shows training where somebody looks, and says a line for each epoch where nobody does.

    Args:
        extent: of the training.
        keep: given every line that is said, `Log.say` for instance.
        quiet: show nothing; lines are kept all the same.
    """

    def __init__(self, extent: Extent, keep: Callable[[str], None], quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self.extent, self.keep = extent, keep
        self.pace = Pace(extent)
        self.live = self.console.is_terminal and not quiet
        self.drawn = -math.inf
        self.bar = Progress(
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=self.console,
            transient=True,
            expand=True,
            auto_refresh=False,
            disable=not self.live,
        )
        self.task = self.bar.add_task("starting", total=extent.steps, completed=extent.step)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        """A line above the live one, and in the log."""
        self.keep(text)
        self.console.print(text, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """The same, even where all else is quiet."""
        quiet, self.console.quiet = self.console.quiet, False
        self.say(text)
        self.console.quiet = quiet

    def on_step(self, event: StepDone) -> None:
        """Move the live line, if it is time to."""
        self.pace.step(event.images)
        if not self.live:
            return
        now, evaluating = self.pace.clock(), event.step % self.extent.steps_per_epoch == 0
        if now - self.drawn >= REDRAW_SECONDS or evaluating:
            self.drawn = now
            words = step_words(event, self.extent, self.pace) + (" · evaluating" if evaluating else "")
            self.bar.update(self.task, completed=event.step, description=words, refresh=True)

    def on_epoch(self, event: EpochDone) -> None:
        """Say the epoch's line."""
        self.pace.epoch()
        self.say(epoch_words(event, self.extent))


def step_words(event: StepDone, extent: Extent, pace: Pace) -> str:
    """The live line; what matters most stands first, for a narrow window cuts the rest."""
    speed, left = pace.images_per_second, pace.seconds_left(event.step)
    words = [
        f"epoch {event.epoch}/{extent.epochs}",
        f"step {event.step:,}/{extent.steps:,}",
        f"loss {event.loss:.4f}",
        *([] if speed is None else [f"{speed:,.0f} images/s"]),
        *([] if left is None else [f"{duration(left)} left"]),
    ]
    return " · ".join(words).replace("\N{NO-BREAK SPACE}", " ")


def epoch_words(event: EpochDone, extent: Extent) -> str:
    """An epoch on one line; columns stand under each other."""
    words = [
        f"epoch {event.epoch:>{len(str(extent.epochs))}}/{extent.epochs}",
        f"loss {event.train_loss:.4f}",
        *([] if event.validation_loss is None else [f"validation loss {event.validation_loss:.4f}"]),
        *([] if event.validation_top1 is None else [f"top-1 {event.validation_top1:6.2f} %"]),
        f"lr {event.lr:<7.3g}",
        *([] if event.images_per_second is None else [f"{event.images_per_second:5,.0f} images/s"]),
        f"{duration(event.seconds):>8}",
        *(["best"] if event.best else []),
    ]
    return "  ".join(words).replace("\N{NO-BREAK SPACE}", " ")
