"""The files that a training goes on from: `last.pt`, `previous.pt` and `best.pt`, each whole or not there.

Each is an archive of `torch.save` with a CRC-32 for every tensor, which is looked at before anything is taken from it.
It is read with `weights_only=True`, and nothing falls back from that.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from resnetlab.core.errors import CheckpointError
from resnetlab.core.files import write_atomically
from resnetlab.training.places import BEST, FOLDER, LAST, PREVIOUS
from resnetlab.weights.reading import read_checkpoint

FORMAT = "resnetlab checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint held.

    Args:
        file: that it was read from.
        content: what was saved.
        remark: what a user should know, where it is not the newest.
    """

    file: Path
    content: Mapping[str, Any]
    remark: str | None = None


def save_checkpoint(run: Path, content: Mapping[str, Any], best: bool = False) -> None:
    """Make this the last checkpoint of a run, and the last one the previous.

    Args:
        run: its folder.
        content: numbers, texts and tensors in dicts and lists.
        best: keep it as the best, too.

    Raises:
        OutputError: it cannot be written; the checkpoints that were there are.
    """
    last = run / FOLDER / LAST
    if last.exists():
        write_atomically(run / FOLDER / PREVIOUS, lambda place: _same_file(last, place))
    newest = run / FOLDER / (BEST if best else LAST)  # the best first: an epoch that is not in last.pt is done again
    held = io.BytesIO()  # PyTorch, writing a file itself, cannot say that a disk is full
    torch.save({"format": FORMAT, **content}, held)
    write_atomically(newest, lambda place: place.write_bytes(held.getbuffer()))
    if best:
        write_atomically(last, lambda place: _same_file(newest, place))


def load_last(run: Path) -> Checkpoint:
    """The newest checkpoint of a run that is whole.

    Raises:
        CheckpointError: there is none.
    """
    folder, refusals = run / FOLDER, []
    for name in (LAST, PREVIOUS):
        if not (folder / name).exists():
            continue
        try:
            found = load_checkpoint_file(folder / name)
        except CheckpointError as refusal:
            refusals.append(str(refusal).splitlines()[0])
            continue
        remark = f"{refusals[0]}; the previous checkpoint was taken, of step {found['step']}" if refusals else None
        return Checkpoint(folder / name, found, remark)
    if refusals:
        raise CheckpointError(f"no checkpoint in {folder} is whole: {'; '.join(refusals)}\nstart anew")
    raise CheckpointError(f"{run} has no checkpoint to go on from\ngive a run folder of train or finetune")


def has_checkpoint(run: Path) -> bool:
    """Whether a run came so far as to have one."""
    return any((run / FOLDER / name).exists() for name in (LAST, PREVIOUS))


def replace_last(run: Path, checkpoint: Checkpoint) -> None:
    """Put the checkpoint that a run goes on from in the place of the last one, lest a damaged one become the previous.

    Raises:
        OutputError: it cannot be written.
    """
    if checkpoint.file != run / FOLDER / LAST:
        write_atomically(run / FOLDER / LAST, lambda place: _same_file(checkpoint.file, place))


def forget_best_after(run: Path, step: int) -> None:
    """Remove the best network where it is of steps that are done again, perhaps to other bits."""
    best = run / FOLDER / BEST
    with contextlib.suppress(CheckpointError):  # a damaged one is told of at the end
        if best.exists() and load_checkpoint_file(best)["step"] > step:
            best.unlink()


def load_checkpoint_file(file: Path) -> Mapping[str, Any]:
    """What a checkpoint holds, once it was found whole.

    Raises:
        CheckpointError: it is damaged, or no checkpoint of a training.
    """
    content = read_checkpoint(file)
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{file} is no checkpoint of a training, but weights alone\n"
            f"resume from {FOLDER}/{LAST} of a run folder; to start from weights use finetune"
        )
    return content


def _same_file(source: Path, place: Path) -> None:
    """A second name for a file, or where the file system has no such, a copy."""
    with contextlib.suppress(OSError):
        os.link(source, place)
        return
    shutil.copyfile(source, place)
