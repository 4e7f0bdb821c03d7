"""The real command under the real torchrun, and the processes that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 400  # seconds until a test gives up


class Torchrun:
    """`torchrun --nproc-per-node 2 FLAGS -m resnetlab COMMAND`, or a program in resnetlab's place; its output in a
    file; killed with all its processes at the end."""

    def __init__(
        self, folder: Path, command: list[str], *flags: str, program: tuple[str, ...] = ("-m", "resnetlab")
    ) -> None:
        self.output = folder / f"torchrun-{time.monotonic_ns()}.txt"
        launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *flags]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*launch, *program, *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": ""},
                start_new_session=True,
            )

    def __enter__(self) -> Torchrun:
        return self

    def __exit__(self, *error: object) -> None:
        for pid in [*self.ranks().values(), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    def said(self) -> str:
        return self.output.read_text()

    def wait(self, seconds: float = PATIENCE) -> int:
        return self.process.wait(timeout=seconds)

    def wait_until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.01)

    def ranks(self) -> dict[int, int]:
        """Process numbers by rank, of those that live."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                environment = dict(
                    line.split("=", 1) for line in (folder / "environ").read_text().split("\0") if "=" in line
                )
            except (OSError, UnicodeDecodeError):
                continue
            if parent == self.process.pid and "RANK" in environment:
                found[int(environment["RANK"])] = int(folder.name)
        return found


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
