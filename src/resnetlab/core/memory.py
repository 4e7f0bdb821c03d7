"""How the C library hands out memory, and how much of it there is."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from resnetlab.core.errors import ResnetlabError

TRIM_THRESHOLD, MOST_MAPPINGS = -1, -4  # mallopt's names for them: M_TRIM_THRESHOLD, M_MMAP_MAX


class Group(NamedTuple):
    """Where a version of Linux's control groups tells of memory: a folder, three files' names, a line's beginning."""

    folder: str
    limit: str
    used: str
    files: str


GROUPS = {  # by the controllers that /proc/self/cgroup names: none in version 2
    "": Group(".", "memory.max", "memory.current", "inactive_file "),
    "memory": Group("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
}


def keep_large_blocks() -> bool:
    """Let freed memory stay with the process, for the next batch to use; True where the C library can do so.

    glibc returns every large block to the system when it is freed and asks for it again a moment later. Its pages are
    then filled with zeros anew, and in a network on a processor, which frees each layer's output, that takes up to a
    third of the time. Other systems' libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # musl has no such function
        return False
    return bool(mallopt(TRIM_THRESHOLD, 2**31 - 1) and mallopt(MOST_MAPPINGS, 0))


@contextlib.contextmanager
def told_of_memory(device: str, what: str, remedy: str) -> Iterator[None]:
    """Say in our words that memory ran out.

    Args:
        device: as PyTorch names it.
        what: did not fit.
        remedy: what to do.

    Raises:
        ResnetlabError: it ran out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # PyTorch has a class of its own for graphics cards alone
        said = ("out of memory", "DefaultCPUAllocator: can't allocate memory")
        if not (isinstance(error, MemoryError) or any(words in str(error) for words in said)):
            raise
        raise ResnetlabError(f"the memory of {device} does not hold {what}\n{remedy}") from error


def free_memory(device: str) -> int | None:
    """Bytes that a program can still have on a device; None where the system does not tell.

    Args:
        device: as PyTorch names it.
    """
    if device.startswith("cuda"):
        import torch  # here, so that reading the command line does not wait for it

        return int(torch.cuda.mem_get_info()[0])
    found = [_free_of_machine(), *_free_of_groups()]
    return min((free for free in found if free is not None), default=None)


def _free_of_machine() -> int | None:
    kilobytes = [line.split()[1] for line in _lines(Path("/proc/meminfo")) if line.startswith("MemAvailable:")]
    return int(kilobytes[0]) * 1024 if kilobytes else None


def _free_of_groups(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> list[int]:
    """Bytes free below the limit of each of Linux's control groups above this process, a container's among them.

    Pages of files that nobody has used of late count as free, as they do in `MemAvailable`.
    """
    found = []
    for _, controllers, path in (line.split(":", 2) for line in _lines(own)):
        group = GROUPS.get(controllers)
        if group is None:
            continue
        top = root / group.folder
        here = top / path.lstrip("/")
        for folder in (here, *here.parents):
            limit, used = _lines(folder / group.limit), _lines(folder / group.used)
            if limit and used and limit[0].isdecimal():  # "max" is none
                files = [line.split()[1] for line in _lines(folder / "memory.stat") if line.startswith(group.files)]
                found.append(max(0, int(limit[0]) - int(used[0]) + int(files[0] if files else 0)))
            if folder == top:
                break
    return found


def _lines(file: Path) -> list[str]:
    """What a file of the system says; nothing where it is not there or may not be read."""
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
