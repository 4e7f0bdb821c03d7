"""resnetlab, one of whose processes gets a signal in its second look at images held out, or at test images.

Started by torchrun:  signalled_command.py RANK PLACE FILE COMMAND…; FILE gets a line for each of its batches.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from resnetlab.actions.judging.scores import Scorer
from resnetlab.cli import main
from resnetlab.training import validation


def signalled(original: Any, file: Path) -> Any:
    calls: list[float] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        calls.append(time.time())
        file.write_text("".join(f"{call}\n" for call in calls))
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(*args, **kwargs)

    return call


if __name__ == "__main__":
    rank, place, file, *command = sys.argv[1:]
    if os.environ["RANK"] == rank and place == "validation":
        validation.F = type("F", (), {"cross_entropy": signalled(validation.F.cross_entropy, Path(file))})
    elif os.environ["RANK"] == rank:
        Scorer.add = signalled(Scorer.add, Path(file))  # type: ignore[method-assign]  # only this process
    raise SystemExit(main(command))
