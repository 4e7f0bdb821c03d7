"""Files: which hold weights, and how one is written so that a reader finds the old or the new, each whole."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from resnetlab.core.errors import OutputError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth", ".th", ".bin", ".tar", ".ckpt")


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, bring it to the disk, then put it there in one step.

    Args:
        path: its place; a file that stands there is replaced.
        write: given another path in the same folder, writes the file there.

    Raises:
        OutputError: the disk is full or the folder cannot be written; nothing is left behind, the old file stands.
    """
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_what_killed_writers_left(path)
        write(temporary)
        _bring_to_disk(temporary)
        temporary.replace(path)
        _bring_to_disk(path.parent)
    except OSError as error:
        remedy = "free some space" if error.errno in NO_SPACE else "make it writable"
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}\n"
            f"{remedy}, or give another folder; what stood there before is as it was"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_content(path: Path, content: str | bytes) -> None:
    """Write a whole file as `write_atomically` does.

    Args:
        path: its place.
        content: bytes, or a text, which is written in UTF-8 with its line ends as they are; what is no text in it, as
            in some files' names, is escaped.

    Raises:
        OutputError: as of `write_atomically`.
    """
    held = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    write_atomically(path, lambda place: place.write_bytes(held))


def _remove_what_killed_writers_left(path: Path) -> None:
    named = re.compile(rf"\.{re.escape(path.name)}-(\d{{1,9}})-[0-9a-f]{{8}}")
    for left in path.parent.iterdir():
        writer = named.fullmatch(left.name)
        if writer is None:
            continue
        try:
            os.kill(int(writer[1]), 0)  # asks, and does nothing
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except PermissionError:  # it lives, and is another user's
            continue


def _bring_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
