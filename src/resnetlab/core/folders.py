"""Output folders: made at the start, never overwritten in silence."""

from __future__ import annotations

import contextlib
import itertools
import os
from datetime import datetime
from pathlib import Path

from resnetlab.core.errors import OutputError

LEFT_BY_KILLS = (".lock", ".writable-")  # how files begin that hold nothing of anybody's


def cache_folder() -> Path:
    """Where measurements and downloads are kept: $RESNETLAB_CACHE, else resnetlab in the user's cache folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "resnetlab"
    return Path(os.environ.get("RESNETLAB_CACHE", home))


def make_output_folder(command: str, name: str, output: Path | None = None, exist_ok: bool = False) -> Path:
    """The folder a command writes to: `output`, or runs/<command>/<time>-<name>.

    Args:
        command: the verb.
        name: what it was done to.
        output: chosen by the user.
        exist_ok: files of an earlier run in it may be replaced.

    Raises:
        OutputError: it holds something already, or cannot be written.
    """
    if output is not None and output.is_file():
        raise OutputError(f"--output {output} is a file\ngive a folder")
    try:
        folder = output or _fresh(Path("runs") / command, f"{datetime.now():%Y%m%d-%H%M%S}-{name}")
        folder.mkdir(parents=True, exist_ok=True)
        holds_something = any(not entry.name.startswith(LEFT_BY_KILLS) for entry in folder.iterdir())
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        place = f"--output {output}" if output else f"the folder {Path.cwd() / 'runs'}"
        raise OutputError(f"{place} cannot be written: {error.strerror}\ngive another folder with --output") from error
    if holds_something and not exist_ok:
        raise OutputError(f"--output {folder} holds files already\ngive another folder, or --exist-ok to replace them")
    return folder


def refuse_output(output: Path, exist_ok: bool = False) -> None:
    """Pass where `make_output_folder` would give this folder; nothing is left behind.

    Raises:
        OutputError: it holds something already, or cannot be written.
    """
    absent = [place for place in (output, *output.parents) if not place.exists()]
    try:
        make_output_folder("", "", output, exist_ok)
    finally:
        with contextlib.suppress(OSError):  # it could not be made
            for place in absent:
                place.rmdir()


def _fresh(parent: Path, name: str) -> Path:
    """A folder that was not there, also where two commands start in one second."""
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("there is always a next number")
