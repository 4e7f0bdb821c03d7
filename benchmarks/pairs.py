"""Two ways of doing the same, timed in turns in one run: what a noisy machine does to both cancels in the ratio."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from resnetlab.core.machine import processor_name

Work = TypeVar("Work")
WARM_UP = 2


@dataclass(frozen=True)
class Pairs:
    """What was timed.

    Args:
        ours: median, milliseconds.
        theirs: median, milliseconds.
        ratio: median of ours over theirs, turn by turn.
    """

    ours: float
    theirs: float
    ratio: float


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(ours: Work, theirs: Work, rounds: int, timer: Callable[[Work], float] = seconds) -> Pairs:
    """Time both in turns; who begins changes from round to round.

    Args:
        ours: one way.
        theirs: the peer.
        rounds: turns of each that count, after a few that do not.
        timer: how long a way takes once, seconds.
    """
    for _ in range(WARM_UP):
        timer(ours), timer(theirs)
    pairs = []
    for number in range(rounds):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        took = {work: timer(work) for work in order}
        pairs.append((took[ours], took[theirs]))
    mine, peers = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
    return Pairs(mine, peers, statistics.median(one / other for one, other in pairs))


def machine() -> str:
    """What figures have to be read with."""
    return f"{processor_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
