"""Watches the processes that read images, so that one that dies or hangs is told, with the image it was at."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from resnetlab.core.errors import ImageError

PATIENCE = 20.0  # seconds in which no worker comes to another image
LOOK_EVERY = 5.0  # seconds
GOING = 1.0  # seconds that a process takes to end
PROCESS, IMAGE, COUNT = range(3)
RESTS = -1  # in the place of an image


class WorkerWatch:
    """Memory that workers and their reader share: of each worker its process, the image it is at, how many it began.

    Args:
        workers: processes.
        patience: seconds after which a worker hangs that has not come to its next image.
        look_every: seconds.
    """

    def __init__(self, workers: int, patience: float = PATIENCE, look_every: float = LOOK_EVERY) -> None:
        self.patience, self.look_every = patience, look_every
        self.seen = [multiprocessing.RawArray("q", 3) for _ in range(workers)]

    def begin(self, worker: int) -> None:
        """Called in a worker when it starts."""
        self.seen[worker][:] = (os.getpid(), RESTS, 0)

    def note(self, worker: int, image: int) -> None:
        """Called in a worker before it reads an image, and with RESTS when it has read all."""
        self.seen[worker][IMAGE] = image
        self.seen[worker][COUNT] += 1

    def next(self, results: Iterator[Any], name: Callable[[int], str]) -> Any:
        """What the workers give next, waiting as long as any of them gets on.

        Args:
            results: of a DataLoader that raises a RuntimeError where nothing comes for `look_every` seconds.
            name: of an image by its number.

        Raises:
            ImageError: a worker died or hangs.
        """
        before, moved = self._now(), time.monotonic()
        while True:
            try:
                return next(results)
            except (OSError, EOFError) as error:  # what a worker gave cannot be fetched: it is gone, or going
                raise _died(self._dead(GOING), name) from error
            except RuntimeError as error:
                dead = self._dead()
                if dead or "exited" in str(error):
                    raise _died(dead, name) from error
                now = self._now()
                if now != before:
                    before, moved = now, time.monotonic()
                elif time.monotonic() - moved >= self.patience:
                    raise _hangs(now, self.patience, name) from error

    def end(self) -> None:
        """End the workers, whatever they are at."""
        mine = {row[PROCESS] for row in self._now()}
        for child in multiprocessing.active_children():
            if child.pid in mine:
                child.kill()

    def _now(self) -> list[list[int]]:
        return [list(row) for row in self.seen]

    def _dead(self, patience: float = 0.0) -> list[list[int]]:
        """What was seen of workers that are no more, waiting so many seconds for one."""
        deadline = time.monotonic() + patience
        while True:
            living = {child.pid for child in multiprocessing.active_children()}
            dead = [row for row in self._now() if row[PROCESS] and row[PROCESS] not in living]
            if dead or time.monotonic() >= deadline:
                return dead
            time.sleep(0.05)


def _died(dead: list[list[int]], name: Callable[[int], str]) -> ImageError:
    return ImageError(
        f"a process that reads images died{_at(dead, name)}\n"
        "the system may have ended it for want of memory: give fewer --workers; --workers 0 shows an error of its own"
    )


def _hangs(workers: list[list[int]], patience: float, name: Callable[[int], str]) -> ImageError:
    return ImageError(
        f"a process that reads images hangs, for more than {patience:.0f} s,{_at(workers, name) or ' at its start'}\n"
        "see whether the image can be read at all, and leave it out if not"
    )


def _at(workers: list[list[int]], name: Callable[[int], str]) -> str:
    """The images that workers are at; nothing where they are at none."""
    images = [name(row[IMAGE]) for row in workers if row[PROCESS] and row[IMAGE] != RESTS]
    return f" at {' or '.join(images)}" if images else ""
