"""`resnetlab train --verify-resume`: the user's own training, cut short, with and without interruptions, compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from resnetlab.actions.runs.preparation import MakeNetwork, Trial
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.actions.train import run
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.checkpoints import load_last
from resnetlab.training.interruption import Interrupted

EPOCHS, STEPS = 2, 6  # of the training that is run twice
NOT_OF_TRAINING = ("config", "environment")


@dataclass(frozen=True)
class ResumeProof:
    """What differs between a training that was interrupted and one that was not.

    Args:
        stops: steps after which it was interrupted.
        steps: in all.
        compared: tensors, numbers and files that were looked at.
        differ: names of those that are not equal bit for bit.
    """

    stops: tuple[int, ...]
    steps: int
    compared: int
    differ: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether all are equal."""
        return not self.differ


def verify_resume(asked: TrainSettings, make_network: MakeNetwork, command: str = "train") -> ResumeProof:
    """Train twice for two short epochs, once interrupted in the middle of each, and compare all that is left.

    Args:
        asked: the training whose resuming is in question; nothing is written to its folder.
        make_network: gives the network to begin with.
        command: whose run it is.

    Raises:
        ResnetlabError: the request cannot be met, or an epoch has one batch, in which nothing can be interrupted.
        Interrupted: a signal came.
    """
    with tempfile.TemporaryDirectory(prefix="resnetlab-verify-") as place:
        whole, stopped = (
            replace(asked, output=Path(place) / name, epochs=EPOCHS, steps=None, max_time=None, quiet=True)
            for name in ("whole", "stopped")
        )
        steps = run(whole, make_network, command=command, trial=Trial(STEPS)).steps
        stops = _within_epochs(steps // EPOCHS)
        for number, stop in enumerate((*stops, None)):
            try:
                run(
                    stopped,
                    make_network,
                    command=command,
                    stored=stopped if number else None,
                    trial=Trial(STEPS, stop),
                )
            except Interrupted as interrupted:
                if interrupted.exit_code:  # a real signal
                    raise
        left = [dict(_left(settings.output)) for settings in (whole, stopped) if settings.output]
    names = sorted(left[0].keys() | left[1].keys())
    differ = tuple(name for name in names if not _equal(left[0].get(name), left[1].get(name)))
    return ResumeProof(stops, steps, len(names), differ)


def _within_epochs(steps: int) -> tuple[int, int]:
    """Steps after which to interrupt: within the first epoch, and within the second.

    >>> _within_epochs(6), _within_epochs(2)
    ((4, 9), (1, 3))
    """
    if steps < 2:
        raise ResnetlabError(
            "--verify-resume interrupts epochs, and here an epoch is one batch\ngive a smaller --batch-size"
        )
    return 2 * steps // 3, steps + steps // 2


def _left(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yields everything that a training left, by name."""
    for name in ("metrics.jsonl", "probes.jsonl", "model.safetensors", "model.json"):
        if (folder / name).exists():
            yield name, (folder / name).read_bytes()
    content = {name: part for name, part in load_last(folder).content.items() if name not in NOT_OF_TRAINING}
    yield from _leaves(content, "checkpoint")


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping | list):
        parts = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, part in parts:
            yield from _leaves(part, f"{name}.{key}")
    else:
        yield name, value


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    return type(one) is type(other) and bool(one == other)
