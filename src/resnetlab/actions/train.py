"""`resnetlab train`: a network is trained in a folder of its own, and goes on from where it stopped."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from resnetlab.actions.runs.call import BEGUN, TrainingCall
from resnetlab.actions.runs.folder import kept_for_us, make_run_folder
from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.preparation import MakeNetwork, Trial, prepare
from resnetlab.actions.runs.settings import asked_settings, checkpoint_named, stored_settings
from resnetlab.actions.runs.tensorboard import require_tensorboard
from resnetlab.actions.runs.train_settings import TrainSettings, refuse_changes
from resnetlab.actions.runs.trained_run import TrainedRun
from resnetlab.core.devices import choose_device
from resnetlab.core.errors import CheckpointError, OutputError, ResnetlabError
from resnetlab.core.folders import make_output_folder
from resnetlab.core.memory import keep_large_blocks
from resnetlab.training.checkpoints import Checkpoint, has_checkpoint, load_checkpoint_file, load_last
from resnetlab.training.distributed import from_first
from resnetlab.training.interruption import Interruption
from resnetlab.training.joining import join
from resnetlab.training.meeting import keeps_a_store, recall, remember
from resnetlab.training.places import FOLDER, LAST

RUN = "run folder"


def train(
    model: str | None = None, data: str | None = None, *, resume: str | Path | None = None, **settings: Any
) -> TrainedRun:
    """Train a network in a folder of its own.

    Args:
        model: a model reference; None takes the recipe's.
        data: a data reference; None takes the recipe's.
        resume: the folder of a run to go on with, one of its checkpoints, or "last".
        **settings: the fields of `TrainSettings`; parts, as `optim`, also as a dict of what differs from the recipe.

    Raises:
        ResnetlabError: the request cannot be met.
        DivergedError: a loss or a gradient is not finite; the last checkpoint is from before.
        Interrupted: a signal came, or the time was over; the run can be resumed.
    """
    given = {name: value for name, value in {"model": model, "data": data}.items() if value is not None} | settings
    asked, stored = asked_settings(TrainSettings, "train", given, resume)
    return run(asked, network_to_train, stored=stored, start=checkpoint_named(resume))


def run(
    asked: TrainSettings,
    make_network: MakeNetwork,
    *,
    command: str = "train",
    stored: TrainSettings | None = None,
    start: Path | None = None,
    trial: Trial | None = None,
) -> TrainedRun:
    """Train as asked, in this process or as one of many that torchrun started.

    Args:
        asked: settings that name model and data.
        make_network: gives the network to begin with.
        command: whose run it is.
        stored: settings of the run to go on with; None begins a new one.
        start: the checkpoint to go on from; None: the last one.
        trial: makes it a short one.

    Raises:
        ResnetlabError: as of `train`.
    """
    if asked.model is None or asked.data is None:
        missing = [f"--{name}" for name in ("model", "data") if getattr(asked, name) is None]
        verb, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        told = f"{' and '.join(missing)} {verb} missing\ngive {them}, or a --recipe, which names both"
        raise ResnetlabError(told)
    interruption = Interruption(asked.most_seconds)
    with join(choose_device(asked.device)) as world:
        if world.device == "cpu":
            keep_large_blocks()
        if world.restarts and stored is None:
            asked, stored = _as_before_the_restart(asked, command)
        if stored is not None:
            refuse_changes(stored, asked)
        folder = from_first(partial(_folder, command, asked, stored))
        if world.is_first:
            remember(RUN, str(folder.resolve()))
        with kept_for_us(folder, own=asked.output is not None) if world.is_first else nullcontext():
            ready = prepare(asked, world, make_network, trial)
            call = TrainingCall(folder, asked, world, ready, command, interruption, trial.stop_at if trial else None)
            goes_on = stored is not None and from_first(partial(_has_begun, folder, start))
            return call.go(_checkpoint(folder, start) if goes_on else None)


def _has_begun(folder: Path, start: Path | None) -> bool:
    """Whether a run that is to go on has a checkpoint to go on from.

    Raises:
        CheckpointError: it has none, and had made steps.
    """
    if start is not None or has_checkpoint(folder):
        return True
    metrics = folder / "metrics.jsonl"
    if metrics.exists() and metrics.stat().st_size:
        raise CheckpointError(
            f"{folder} has no checkpoint, and its metrics.jsonl tells of steps\n"
            f"put its {FOLDER} back, or begin a new run"
        )
    return False


def _checkpoint(folder: Path, start: Path | None) -> Checkpoint:
    return load_last(folder) if start is None else Checkpoint(start, load_checkpoint_file(start))


def _folder(command: str, asked: TrainSettings, stored: TrainSettings | None) -> Path:
    if asked.tensorboard:
        require_tensorboard()  # before an earlier run is replaced
    if stored is None:
        return make_run_folder(command, asked)
    assert stored.output is not None
    try:
        return make_output_folder(command, "", stored.output, exist_ok=True)
    except OutputError as error:
        what = str(error).splitlines()[0].removeprefix("--output ")
        raise OutputError(f"{what}\nmake it writable: a run goes on in its own folder") from error


def _as_before_the_restart(asked: TrainSettings, command: str) -> tuple[TrainSettings, TrainSettings | None]:
    """What torchrun started again goes on with its own run, if that came so far as to have one.

    Raises:
        ResnetlabError: which run that is nobody knows.
    """
    told, begun = (from_first(partial(recall, name)) for name in (RUN, BEGUN))
    if not keeps_a_store():
        if asked.output is None:
            raise ResnetlabError(
                "started again by torchrun, and nothing tells which run this was\n"
                f"go on with one: resnetlab {command} --resume DIR; and give --output where restarts are allowed"
            )
        told = begun = str(asked.output)
    if told is None:  # it had not come so far as to have a folder, or was refused one
        return asked, None
    folder = Path(told)
    if begun and (folder / FOLDER / LAST).exists():
        return replace(asked, output=folder), stored_settings(type(asked), folder)
    # What stands in a folder of which nothing is remembered may be somebody's.
    return replace(asked, output=folder, exist_ok=asked.exist_ok or keeps_a_store()), None
