"""What the terminal shows while the laboratory works."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Display:
    """A progress bar on a terminal; where there is none, a line at every tenth of the way.

    Everything goes to standard error, so that `--json` has standard output to itself.

    Args:
        folder: where the results will be; said first.
        quiet: show nothing.
        kept: runs outlive an interruption, in a cache.
    """

    def __init__(self, folder: Path, quiet: bool = False, kept: bool = True) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)
        self.folder, self.kept = folder, kept
        self.bar = Progress(
            TextColumn("[bold]{task.percentage:>3.0f} %"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=self.console,
            transient=True,
            disable=quiet or not sys.stderr.isatty(),
        )
        self.task = self.bar.add_task("starting the workers", total=None)
        self.tenths = 0

    def __enter__(self) -> Self:
        self.console.print(f"results will be in {self.folder}", markup=False, soft_wrap=True)
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()
        if kind is KeyboardInterrupt and self.kept:
            self.console.print("stopped; what has been measured is kept: run the same command again to go on")
        elif kind is KeyboardInterrupt:
            self.console.print("stopped; with --no-cache nothing is kept: run the same command again to start anew")

    def job_ended(self, job: object, done: int, total: int) -> None:
        """Show that one more job of `total` has ended."""
        self.bar.update(self.task, completed=done, total=total, description=str(job))
        if self.bar.disable and done * 10 // total > self.tenths:
            self.tenths = done * 10 // total
            self.console.print(f"{done} of {total} runs done")

    def say(self, what: str) -> None:
        """Name what is being done now."""
        self.bar.update(self.task, description=what)
