"""Output folders: made at the start, never overwritten in silence."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
from datetime import datetime
from pathlib import Path

from resnetlab.core.errors import OutputError

MOST_BYTES = 80  # of a name, of the 255 that file systems take
LEFT_BY_KILLS = (".lock", ".writable-")  # how files begin that hold nothing of anybody's


def cache_folder() -> Path:
    """Where measurements and downloads are kept: $RESNETLAB_CACHE, else resnetlab in the user's cache folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "resnetlab"
    return Path(os.environ.get("RESNETLAB_CACHE", home))


def make_output_folder(command: str, name: str, output: Path | None = None, exist_ok: bool = False) -> Path:
    """The folder a command writes to: `output`, or runs/<command>/<time>-<name>.

    Args:
        command: the verb.
        name: what it was done to; signs that file names should not have become hyphens.
        output: chosen by the user.
        exist_ok: files of an earlier run in it may be replaced.

    Raises:
        OutputError: it holds something already, or cannot be written.
    """
    if output is not None and output.is_file():
        raise OutputError(f"--output {output} is a file\ngive a folder")
    try:
        folder = output or _fresh(Path("runs") / command, f"{datetime.now():%Y%m%d-%H%M%S}-{_harmless(name)}")
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


def command_of_run(run: Path, otherwise: str) -> str:
    """Which command began a run, as its run.json tells.

    Args:
        run: its folder.
        otherwise: where nothing tells, as in a run of an earlier time, or a damaged one.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return str(json.loads((run / "run.json").read_text(encoding="utf-8")).get("command", otherwise))
    return otherwise


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


def _harmless(name: str) -> str:
    """The beginning of a name, of signs that any file system takes; they may have several bytes each.

    >>> _harmless("net.py:make-photos"), _harmless("写真" * 50) == "写真" * 13
    ('net.py-make-photos', True)
    """
    plain = re.sub(r"[^\w.+-]+", "-", name).strip("-") or "unnamed"
    return plain.encode()[:MOST_BYTES].decode(errors="ignore")


def _fresh(parent: Path, name: str) -> Path:
    """A folder that was not there, also where two commands start in one second."""
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError("there is always a next number")
