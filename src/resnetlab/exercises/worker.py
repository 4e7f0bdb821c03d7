"""The warm process: PyTorch is imported once, then every run of a learner's code is a fork of it.

Two channels of JSON lines come in: one asks for runs of answers, the other, which leads to a fork of its own, for
judgements. The process that forks the runs never knows a solution.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import sys
from base64 import b64decode
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, BinaryIO

Handle = Callable[[dict[str, Any], Callable[[Any], None]], None]
BECOMES_HEIR = 36  # Linux: what an answer starts and leaves behind becomes a child of this process


def main() -> None:
    """Serve until the channels close; the arguments are the descriptors of the second channel."""
    reading, writing = map(int, sys.argv[1:3])
    import torch

    torch.set_num_threads(1)
    torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3))  # reads what the processor can, once
    own_reading, own_writing = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what is printed does not come between the lines
    examiner = os.fork()
    if examiner == 0:
        _serve(reading, writing, (own_reading, own_writing), _judgement())
        os._exit(0)
    gc.freeze()  # what is here stays: a fork that collects garbage need not copy it
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(BECOMES_HEIR, 1, 0, 0, 0)
    _serve(own_reading, own_writing, (reading, writing), _runs(examiner))
    os.waitpid(examiner, 0)


def _serve(reading: int, writing: int, others: tuple[int, int], handle: Handle) -> None:
    for descriptor in others:
        os.close(descriptor)
    with os.fdopen(reading, "rb") as requests, os.fdopen(writing, "wb") as replies:
        for line in requests:
            handle(json.loads(line), lambda what: _reply(replies, what))


def _reply(replies: BinaryIO, what: Any) -> None:
    replies.write(json.dumps(what).encode() + b"\n")
    replies.flush()


def _runs(examiner: int) -> Handle:
    from resnetlab.exercises.course import probe_of
    from resnetlab.exercises.learner import Request
    from resnetlab.exercises.running import run

    def handle(asked: dict[str, Any], reply: Callable[[Any], None]) -> None:
        request = Request(
            b64decode(asked["source"]),
            asked["file"],
            tuple(asked["asks"]),
            tuple(asked["cases"]),
            Path(asked["folder"]),
        )
        reply(vars(run(probe_of(asked["exercise"]), request, frozenset({examiner}))))

    return handle


def _judgement() -> Handle:
    from resnetlab.exercises.examiner import Verdict, examine, prepare

    going: list[Generator[Any, Any, Verdict]] = []

    def handle(asked: dict[str, Any], reply: Callable[[Any], None]) -> None:
        try:
            if "exercise" in asked:
                going[:] = [examine(asked["exercise"], asked["seed"], asked["trials"])]
                reply({"cases": next(going[0])})
                with contextlib.suppress(Exception):  # told when it is asked for
                    prepare(asked["exercise"], asked["seed"], asked["trials"])
            else:
                reply({"cases": going[0].send(asked["report"])})
        except StopIteration as judged:
            reply({"verdict": judged.value.as_json()})
        except Exception as error:  # a fault of ours, which is not to be told as the learner's
            reply({"failed": f"{type(error).__name__}: {error}"})

    return handle


if __name__ == "__main__":
    main()
