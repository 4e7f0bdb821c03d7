"""The process in which a learner's code runs: it loads the file, lets the probe look, and says what was seen.

It knows no answer, nor the library's function for it. What it says goes through one pipe, line by line behind a word
that only this function knows.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnetlab.exercises.guard import give_up_rights
from resnetlab.exercises.loading import FaultError, line_of, load_answer
from resnetlab.exercises.observation import Case, Check, observe

RESULT = 3  # the descriptor of the pipe
FENCED = ("resnetlab",)  # an answer that asks the library is none


@dataclass(frozen=True)
class Request:
    """One run of one answer.

    Args:
        source: the learner's file.
        file: its name.
        asks: names that it defines.
        cases: to look at, in order.
        folder: an empty one, to run in.
    """

    source: bytes
    file: str
    asks: tuple[str, ...]
    cases: tuple[Case, ...]
    folder: Path


def run_learner(check: Check, request: Request, pipe: int, printed: int, word: str) -> None:
    """Run in a forked process, and never return.

    Args:
        check: what is looked at.
        request: the answer and its cases.
        pipe: descriptor for what was seen.
        printed: descriptor for what the code prints.
        word: begins every line that counts.
    """
    code = 70  # something of ours went wrong before the learner's code began
    try:
        _arrange_descriptors(pipe, printed)
        os.chdir(request.folder)
        give_up_rights(request.folder, check.seconds, FENCED)
        _look(check, request, word)
        code = 0
    except BaseException as error:
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else 1
        elif isinstance(error, KeyboardInterrupt):
            code = 130
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def _look(check: Check, request: Request, word: str) -> None:
    dumps, write, finish = json.dumps, os.write, "end"  # held here, where the learner's code cannot replace them

    def say(**what: Any) -> None:
        line = f"{word} {dumps(what)}\n".encode()
        while line:
            line = line[write(RESULT, line) :]

    say(begun=True)
    try:
        answer = load_answer(request.source, request.file, request.asks)
    except FaultError as fault:
        say(fault={"slug": fault.slug, "message": fault.message})
        return
    for number, case in enumerate(request.cases):
        say(case=number)
        say(case=number, seen=observe(check, answer, case, lambda error: line_of(error, request.file)))
    say(**{finish: True})


def _arrange_descriptors(pipe: int, printed: int) -> None:
    """Nothing to read, two places to write to, the pipe; everything else is closed."""
    # Python's own objects keep the numbers 0, 1 and 2, so that prints and questions meet these.
    nothing = os.open(os.devnull, os.O_RDONLY)
    high = [os.dup2(descriptor, 100 + place) for place, descriptor in enumerate((nothing, printed, printed, pipe))]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place)
    os.closerange(RESULT + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # lives as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
