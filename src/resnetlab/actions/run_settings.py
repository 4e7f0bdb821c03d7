"""The settings of a run that is there already, found in its folder; without PyTorch."""

from __future__ import annotations

from pathlib import Path

from resnetlab.actions.train_settings import AnySettings, read_config, settings_with_recipe
from resnetlab.core.errors import ResnetlabError
from resnetlab.specs.plain_changes import changed_by

CONFIG, CHECKPOINTS = "config.yaml", "checkpoints"


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


def find_run(reference: str, output: Path | None, command: str) -> Path:
    """The folder of the run that `--resume` names: a folder, one of its checkpoints, or "last".

    Args:
        reference: a path, or "last": the output folder where one is given, else the newest one under runs/.
        output: as it was given.
        command: "train" or "finetune".

    Raises:
        ResnetlabError: there is none.
    """
    if reference != "last":
        path = Path(reference)
        return path.parent.parent if path.is_file() and path.parent.name == CHECKPOINTS else path
    if output is not None:
        return output
    runs = sorted((Path("runs") / command).glob(f"*/{CONFIG}"))
    if not runs:
        raise ResnetlabError(
            f"--resume: there is no run under {Path('runs') / command}\ngive its folder: --resume DIR"
        )
    return runs[-1].parent
