"""Runs a learner's code in a process of its own, within limits, and says how that went.

Whatever the code does, an endless loop, a crash, `os._exit`, an allocation of 10 GB, a question to the keyboard, is an
answer: a run always gives a report.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resnetlab.exercises.learner import Request, run_learner
from resnetlab.exercises.loading import FAULTS
from resnetlab.exercises.observation import Check

IDLE_SECONDS = 3.0  # in which a process that waits does nothing at all
WALL_SECONDS = 60.0  # whatever else: a machine with much other work is slow
LOOK_EVERY = 0.05
GOING_SECONDS = 0.5  # that a process takes to end which closed its pipe
MOST_BYTES = 64 << 20  # that a run may report
PRINTED_BYTES = 4000
DONE, ENDED = "done", "ended"


@dataclass
class Report:
    """What is known of a run.

    Args:
        seen: an observation for each case that was come to an end with.
        fault: why the file could not be looked at: slug and message.
        ended: how the process ended before it was done: "time" (of work), "clock" (whatever it did), "waits",
            "output", "forged", "exit 0", "signal 11".
        at: the case it was in then.
        begun: whether it came to the learner's code; before that, what failed is ours.
        printed: the beginning of what the code printed.
    """

    seen: list[Any] = field(default_factory=list)
    fault: dict[str, str] | None = None
    ended: str | None = None
    at: int | None = None
    begun: bool = True
    printed: str = ""


def run(check: Check, request: Request, spared: frozenset[int] = frozenset()) -> Report:
    """Run one answer on its cases.

    Args:
        check: what is looked at.
        request: the answer and its cases.
        spared: processes of ours that are not to be ended as left over.
    """
    word = secrets.token_hex(16)
    with tempfile.TemporaryFile() as printed:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.setsid()
            run_learner(check, request, writing, printed.fileno(), word)
        os.close(writing)
        lines, ended = _follow(child, reading)
        os.close(reading)
        status = _end(child, at_once=ended is not None)
        _end_left_over(spared)
        report = _read(lines, word)
        printed.seek(0)
        report.printed = printed.read(PRINTED_BYTES).decode(errors="replace")
    if report.ended is None:
        report.ended = ended or _in_words(status)
    elif report.ended == DONE:
        report.ended = None
    return report


def _follow(child: int, reading: int) -> tuple[bytes, str | None]:
    """Everything the process said, and why it was ended if it was."""
    said, begun = bytearray(), time.monotonic()
    moved, before = begun, _processor_time(child)
    while True:
        ready, _, _ = select.select([reading], [], [], LOOK_EVERY)
        if ready:
            piece = os.read(reading, 1 << 20)
            if not piece:
                return bytes(said), None
            said += piece
        now, taken = time.monotonic(), _processor_time(child)
        if taken == ENDED:  # something that it started may hold the pipe open; what is in it is read
            while select.select([reading], [], [], 0)[0] and (piece := os.read(reading, 1 << 20)):
                said += piece
            return bytes(said), None
        if len(said) > MOST_BYTES:
            return bytes(said[:MOST_BYTES]), "output"
        if ready or taken is None or taken != before:  # where nothing tells, the clock alone counts
            moved, before = now, taken
        if now - moved > IDLE_SECONDS or now - begun > WALL_SECONDS:
            return bytes(said), "waits" if now - moved > IDLE_SECONDS else "clock"


def _processor_time(child: int) -> object:
    """Something that changes while a process works or is kept from working; `ENDED` where it has ended, None where the
    system does not tell."""
    try:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, user, system = fields[0], fields[11], fields[12]
    if state == "Z":
        return ENDED
    return (user, system) if state == "S" else time.monotonic()


def _end(child: int, at_once: bool) -> int:
    """End the process and its group; its status."""
    finished, status = 0, 0
    deadline = time.monotonic() + (0.0 if at_once else GOING_SECONDS)
    while not finished and time.monotonic() <= deadline:  # how it ends by itself is worth knowing
        finished, status = os.waitpid(child, os.WNOHANG)
        if not finished:
            time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if not finished:
        _, status = os.waitpid(child, 0)
    return status


def _end_left_over(spared: frozenset[int]) -> None:
    """End what an answer started and left: as their nearest living ancestor this process inherits them."""
    for _ in range(100):
        left = [child for child in _children() if child not in spared]
        if not left:
            return
        for child in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _read(lines: bytes, word: str) -> Report:
    """What the lines say that begin with the word; others are not ours.

    The word can be found by code that looks for it, so even these may say anything.
    """
    report, done = Report(begun=False), False
    for line in lines.decode(errors="replace").splitlines():
        said, _, what = line.partition(" ")
        if said != word:
            continue
        try:
            message = dict(json.loads(what))
            if "begun" in message:
                report.begun = True
            elif "fault" in message:
                report.fault = {name: str(message["fault"][name]) for name in ("slug", "message")}
                done = True
            elif "seen" in message:
                report.seen.append(message["seen"])
                report.at = None
            elif "case" in message:
                report.at = _case(message["case"])
            done = done or "end" in message
        except (ValueError, TypeError, KeyError, RecursionError):
            return Report(ended="forged")
        if report.fault and report.fault["slug"] not in FAULTS:
            return Report(ended="forged")
    report.ended = DONE if done and report.begun else None
    return report


def _case(said: Any) -> int:
    """The number of a case, which is one.

    Raises:
        ValueError: it is none.
    """
    number = int(said)
    if number < 0:
        raise ValueError(f"{number} is no case")
    return number


def _in_words(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "time" if number == signal.SIGXCPU else f"signal {number}"
    return f"exit {os.waitstatus_to_exitcode(status)}"
