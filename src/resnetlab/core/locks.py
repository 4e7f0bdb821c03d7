"""One writer for each folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resnetlab.core.errors import OutputError

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder is ours while this lasts; the system frees it where a process is killed, so no lock is ever stale.

    Raises:
        OutputError: another process has it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK, timeout=0)
    try:
        with lock:
            yield
    except Timeout as error:
        raise OutputError(
            f"another run is writing to {folder} at this moment\nwait until it ends, or give another --output"
        ) from error
