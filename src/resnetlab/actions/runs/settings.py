"""The settings of a run that is there already, found in its folder; without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from resnetlab.actions.runs.train_settings import (
    AnySettings,
    changed_settings,
    read_config,
    settings_from,
    settings_with_recipe,
    with_epochs,
)
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import command_of_run
from resnetlab.core.terminal import on_one_line
from resnetlab.specs.plain_changes import changed_by
from resnetlab.training.places import FOLDER

CONFIG = "config.yaml"


def asked_settings(
    kind: type[AnySettings],
    command: str,
    given: Mapping[str, Any],
    resume: str | Path | None,
    default_recipe: str | None = None,
) -> tuple[AnySettings, AnySettings | None]:
    """The settings of a training, and those that it began with where it goes on.

    Args:
        kind: of settings.
        command: whose run it is.
        given: fields of the settings; parts also as a dict of what differs.
        resume: the folder of a run to go on with, one of its checkpoints, or "last"; None begins a new run.
        default_recipe: taken where none is given.

    Raises:
        ResnetlabError: an impossible setting, or no such run.
    """
    if resume is None:
        return settings_from(kind, default_recipe, **given), None
    stored = settings_of_run(kind, command, str(resume), given.get("output"))
    now = changed_by_file(stored, given.get("config"))
    return changed_settings(now, {**given, "output": stored.output}), stored


def settings_of_run(kind: type[AnySettings], command: str, resume: str, output: Path | str | None) -> AnySettings:
    """The settings of the run that `--resume` names.

    Args:
        kind: of settings.
        command: whose run it is.
        resume: the folder of a run, one of its checkpoints, or "last".
        output: as it was given.

    Raises:
        ResnetlabError: there is none, or another output is named.
    """
    refuse_another_output(resume, output)
    return stored_settings(kind, find_run(resume, None if output is None else Path(output), command))


def changed_by_file(settings: AnySettings, config: Path | str | None) -> AnySettings:
    """Settings with the values of a file of them, where one is given."""
    told = {} if config is None else with_epochs(read_config(Path(config)))
    return changed_by(settings, told, str(config))


def refuse_another_output(resume: str, output: Path | str | None) -> None:
    """Pass where a run is resumed in its own folder.

    Raises:
        ResnetlabError: another one is named.
    """
    if resume != "last" and output is not None and Path(output) != find_run(resume, None, ""):
        raise ResnetlabError(
            f"--output {output} does not go with --resume {resume}, which writes to its own folder\nleave --output out"
        )


def stored_settings(kind: type[AnySettings], folder: Path) -> AnySettings:
    """The settings that a run began with.

    Args:
        kind: of settings.
        folder: of the run.

    Raises:
        ResnetlabError: it is no folder of a run.
    """
    if not (folder / CONFIG).is_file():
        raise ResnetlabError(f"--resume {folder} is no folder of a run: it has no {CONFIG}\ngive one, as runs/train/…")
    told = read_config(folder / CONFIG)
    return changed_by(settings_with_recipe(kind, None, None), told | {"output": str(folder)}, str(folder / CONFIG))


def checkpoint_named(resume: str | Path | None) -> Path | None:
    """The checkpoint that a `--resume` names, where it names a file and not a run."""
    path = Path(resume) if resume is not None else None
    return path if path is not None and path.is_file() else None


def _refuse_of_another_command(run: Path, command: str) -> None:
    """Pass where nothing tells that another command began the run."""
    began = command_of_run(run, otherwise=command)
    if began != command:
        raise ResnetlabError(
            f"{on_one_line(run)} is a run of {began}\ngo on with it: resnetlab {began} --resume {quote(str(run))}"
        )


def find_run(reference: str, output: Path | None, command: str) -> Path:
    """The folder of the run that `--resume` names: a folder, one of its checkpoints, or "last".

    Args:
        reference: a path, or "last": the output folder where one is given, else the newest one under runs/.
        output: as it was given.
        command: "train" or "finetune".

    Raises:
        ResnetlabError: there is none, or it is a run of the other command.
    """
    if reference != "last":
        path = Path(reference)
    elif output is None:
        return _newest_run(command)
    else:
        path = output
    run = path.parent.parent if path.is_file() and path.parent.name == FOLDER else path
    if command:
        _refuse_of_another_command(run, command)
    return run


def _newest_run(command: str) -> Path:
    runs = sorted((Path("runs") / command).glob(f"*/{CONFIG}"))
    if not runs:
        raise ResnetlabError(
            f"--resume: there is no run under {Path('runs') / command}\ngive its folder: --resume DIR"
        )
    return runs[-1].parent
