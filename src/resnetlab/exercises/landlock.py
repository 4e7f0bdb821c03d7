"""What a process may reach on the disk and around it, taken away by the Linux kernel itself.

Landlock (Linux 5.13 and newer) lets a process without any rights give up access for itself and its children, for
good. Unlike what Python forbids, code cannot talk its way round it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD_RULE, RESTRICT = 444, 445, 446  # system calls, of the same number on all machines of ours
NO_NEW_PRIVILEGES = 38
EXECUTE, READ_FILE, READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
RIGHTS_OF_FILES = {1: 13, 2: 14, 3: 15, 5: 16}  # how many rights a version of the kernel's interface knows
CONNECT_AND_BIND, ABSTRACT_SOCKETS_AND_SIGNALS = 0b11, 0b11  # from versions 4 and 6 on
BELONGS_TO_FILES = EXECUTE | READ_FILE | 1 << 1 | 1 << 14 | 1 << 15


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Of the kernel's interface; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(CREATE, None, ctypes.c_size_t(0), 1)))


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Leave this process only these files and folders, no network, and no signals to others.

    Args:
        readable: may be read and run, with all that is in them.
        writable: may be changed too.

    Raises:
        OSError: the kernel refuses, or has no Landlock.
    """
    known = version()
    if not known:
        raise OSError("this system has no Landlock")
    every_right = (1 << RIGHTS_OF_FILES[max(number for number in RIGHTS_OF_FILES if number <= known)]) - 1
    rules = _Ruleset(every_right, CONNECT_AND_BIND if known >= 4 else 0, 0b11 if known >= 6 else 0)
    size = 8 if known < 4 else 16 if known < 6 else 24
    kernel = ctypes.CDLL(None, use_errno=True)
    ruleset = _called(kernel.syscall(CREATE, ctypes.byref(rules), ctypes.c_size_t(size), 0))
    for path in readable:
        _allow(kernel, ruleset, path, every_right & (EXECUTE | READ_FILE | READ_FOLDER))
    for path in writable:
        _allow(kernel, ruleset, path, every_right & ~EXECUTE)
    _called(kernel.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _called(kernel.syscall(RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(kernel: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what is not there needs no leave
        return
    try:
        allowed = rights if path.is_dir() else rights & BELONGS_TO_FILES
        rule = _Beneath(allowed, folder)
        _called(kernel.syscall(ADD_RULE, ruleset, 1, ctypes.byref(rule), 0))
    finally:
        os.close(folder)


def _called(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
