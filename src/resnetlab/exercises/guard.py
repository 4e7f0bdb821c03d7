"""What a process gives up before it runs a learner's code.

Time and memory end with the limits of the system. Files, network and other processes are taken away by Landlock where
Linux has it; elsewhere they are not guarded, and a grade says so.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from resnetlab.exercises import landlock

MEMORY = 2 << 30  # bytes that a learner's code may have beyond what PyTorch takes
WRITTEN = 16 << 20  # bytes of a file
ENDS_WITH_PARENT = 1  # Linux: the signal that this process gets when the one that forked it ends
USES_SOCKETS = (
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"),
    *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"),
)
CHANGES_RIGHTS = ("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr")
STARTS_PROCESSES = ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "os.spawn", "subprocess.Popen")
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class StartsProcessesError(RuntimeError):
    """A learner's code tried to start another process."""


class Fence(MetaPathFinder):
    """Nothing of these packages can be imported."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = tuple(packages)

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if any(fullname == package or fullname.startswith(f"{package}.") for package in self.packages):
            raise ImportError(f"{fullname} is not to be used in this exercise")
        return None


def guards() -> dict[str, bool]:
    """What this system lets the checker guard, by name."""
    level = landlock.version()
    return {
        "time": True,
        "memory": sys.platform.startswith("linux"),
        "files": level >= 1,
        "network": level >= 4,
        "signals": level >= 6,
        "secrets": True,
    }


def give_up_rights(folder: Path, seconds: int, packages: Sequence[str]) -> None:
    """Called in the process that is to run a learner's code, last of all before it does.

    Args:
        folder: the only one that may be written.
        seconds: of processor time.
        packages: that cannot be imported any more.
    """
    import _posixsubprocess  # which Windows lacks, where this module is read too

    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(ENDS_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    # PyTorch imports parts of itself late, and these make folders for what they compile.
    tempfile.tempdir = os.environ["TMPDIR"] = os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    _limit(seconds)
    _fence(packages)
    sys.addaudithook(_refuse)
    _posixsubprocess.fork_exec = _start_nothing  # type: ignore[assignment]  # multiprocessing calls it untold
    if landlock.version():
        landlock.confine(readable=readable_places(), writable=(folder,))


def readable_places() -> Iterator[Path]:
    """Python, the system's libraries and the installed packages, without this one: its answers cannot be read."""
    own = Path(__file__).resolve().parents[1]
    libraries = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for folder in (*map(Path, SYSTEM_FOLDERS), *libraries):
        yield from _without(folder, own)
    yield from (Path(place) for place in (*SYSTEM_FILES, sys.executable, os.path.realpath(sys.executable)))


def _without(folder: Path, left_out: Path) -> Iterator[Path]:
    """The folder, or its entries but for one: Landlock gives leave, and cannot take it back for what is within."""
    resolved = folder.resolve()
    if resolved == left_out or not folder.exists():
        return
    if resolved not in left_out.parents:
        yield folder
        return
    for entry in folder.iterdir():
        yield from _without(entry, left_out)


def _limit(seconds: int) -> None:
    import resource  # which Windows lacks, where this module is read too

    _set(resource.RLIMIT_CPU, seconds, seconds + 1)
    _set(resource.RLIMIT_CORE, 0, 0)
    _set(resource.RLIMIT_FSIZE, WRITTEN, WRITTEN)
    taken = _address_space()
    if taken:
        _set(resource.RLIMIT_AS, taken + MEMORY, taken + MEMORY)


def _set(limit: int, soft: int, hard: int) -> None:
    import resource

    _, most = resource.getrlimit(limit)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(limit, (soft, hard))


def _address_space() -> int:
    """Bytes of address space that this process has; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _fence(packages: Sequence[str]) -> None:
    for name in [*sys.modules]:
        if any(name == package or name.startswith(f"{package}.") for package in packages):
            del sys.modules[name]
    sys.meta_path.insert(0, Fence(packages))


def _start_nothing(*arguments: Any) -> None:
    raise StartsProcessesError("an answer starts no other process")


def _refuse(event: str, arguments: Any) -> None:
    if event in USES_SOCKETS:  # of sockets, Landlock stops TCP only
        raise PermissionError("an answer uses no network")
    if event in CHANGES_RIGHTS:  # which Landlock lets through
        raise PermissionError("an answer leaves what stands about files as it is")
    if event in STARTS_PROCESSES:
        _start_nothing()
