"""Output folders: made at the start, never overwritten in silence."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from resnetlab.core.errors import OutputError


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
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    folder = output or Path("runs") / command / f"{stamp}-{name}"
    if folder.is_file():
        raise OutputError(f"--output {folder} is a file\ngive a folder")
    if folder.is_dir() and any(folder.iterdir()) and not exist_ok:
        raise OutputError(f"--output {folder} holds files already\ngive another folder, or --exist-ok to replace them")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OutputError(f"--output {folder} cannot be written: {error.strerror}\ngive another folder") from error
    return folder
