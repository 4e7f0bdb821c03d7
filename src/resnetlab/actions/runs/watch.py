"""All that watches a run: screen, log, metrics, summary and TensorBoard, told together."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from resnetlab.actions.runs.records import EVERY, Log, Metrics, Summary
from resnetlab.actions.runs.screen import Extent, Screen
from resnetlab.actions.runs.tensorboard import TensorBoard
from resnetlab.training.events import EpochDone, Observer, Several, StepDone

FEW_LINES = 100  # of steps, in metrics.jsonl: a short training gets a line more often than every 50 steps


class Watch:
    """An observer that shows and records a run; open while it trains. Only rank 0 makes one.

    Args:
        folder: of the run.
        extent: how far training goes, and how far it has come.
        metrics_length: of metrics.jsonl at the checkpoint that training goes on from, bytes; what follows is cut off.
        every: steps from one line of metrics.jsonl to the next; None: 50, or fewer where that would give few lines.
        tensorboard: write for TensorBoard too.
        quiet: show nothing on the screen; all is recorded.

    Raises:
        ResnetlabError: TensorBoard is asked for and not installed.
        OutputError: the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        extent: Extent,
        *,
        metrics_length: int = 0,
        every: int | None = None,
        tensorboard: bool = False,
        quiet: bool = False,
    ) -> None:
        self.folder = folder
        every = every or max(1, min(EVERY, extent.steps // FEW_LINES))
        with ExitStack() as opening:
            board = [TensorBoard(folder, extent.step, every)] if tensorboard else []
            self.log, self.metrics = Log(folder), Metrics(folder, every)
            for close in (self.log.close, self.metrics.close, *(one.close for one in board)):
                opening.callback(close)
            self.screen = Screen(extent, self.log.say, quiet)
            self.remark = self.metrics.truncate(metrics_length)
            watching: list[Observer] = [self.metrics, Summary(folder, extent.epochs_done), *board, self.screen]
            self.observers = Several(watching)
            self._open = opening.pop_all()

    def __enter__(self) -> Self:
        self.say(f"training in {self.folder}")
        if self.remark:
            self.say(self.remark)
        self._open.enter_context(self.screen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def say(self, text: str) -> None:
        """A line on the screen and in the log."""
        self.screen.say(text)

    def warn(self, text: str) -> None:
        """A line on the screen, also a quiet one, and in the log."""
        self.screen.warn(text)

    def note(self, text: str) -> None:
        """A line in the log alone."""
        self.log.say(text)

    def on_step(self, event: StepDone) -> None:
        """Tell all of them."""
        self.observers.on_step(event)

    def on_epoch(self, event: EpochDone) -> None:
        """Tell all of them; the screen last, so that what it says is recorded."""
        self.observers.on_epoch(event)


class Nobody:
    """Watches a training on all processes but the first, and says nothing."""

    def __enter__(self) -> Nobody:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def say(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def on_step(self, event: StepDone) -> None:
        """Nothing."""

    def on_epoch(self, event: EpochDone) -> None:
        """Nothing."""


AnyWatch = Watch | Nobody


def next_commands(folder: Path, data: str, interrupted: str | None = None) -> tuple[str, ...]:
    """What to type next, as a shell takes it.

    Args:
        folder: of the run.
        data: its reference.
        interrupted: the command whose training is not at its end; None where it is.
    """
    run = shlex.quote(str(folder))
    if interrupted:
        return (f"resnetlab {interrupted} --resume {run}",)
    return f"resnetlab eval {run} --data {shlex.quote(data)}", f"resnetlab predict {run} IMAGES"


def last_words(folder: Path, data: str, interrupted: str | None = None) -> str:
    """The run's folder and the next commands, as they are said last."""
    head = f"stopped, and saved in {folder}; go on with" if interrupted else f"the run is in {folder}; next"
    return "\n".join([head, *(f"  {command}" for command in next_commands(folder, data, interrupted))])
