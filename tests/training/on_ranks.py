"""Calls a function in several processes, connected as torchrun connects them, and gives what each returned.

The same file is what each process runs:  python on_ranks.py FILE FUNCTION FOLDER
"""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from resnetlab.training.joining import join


def on_ranks(file: Path, function: str, folder: Path, ranks: int = 2) -> list[Any]:
    """What `function(world, folder)` of a file gives on every rank, where none fails."""
    for code, output in ends_of(start_ranks(file, function, folder, ranks)):
        assert code == 0, output
    return [torch.load(folder / f"{function}-{rank}.pt") for rank in range(ranks)]


def start_ranks(file: Path, function: str, folder: Path, ranks: int = 2) -> list[subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    shared["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # where the tests find one another
    command = [sys.executable, "-W", "error", __file__, str(file), function, str(folder)]
    return [
        subprocess.Popen(
            command,
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(ranks)
    ]


def ends_of(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Exit code and output of each, once all have ended."""
    try:
        return [(process.wait(timeout=600), process.communicate()[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()


def main(file: str, function: str, folder: str) -> None:
    work = runpy.run_path(file)[function]
    with join("cpu") as world:
        torch.save(work(world, Path(folder)), Path(folder) / f"{function}-{world.rank}.pt")


if __name__ == "__main__":
    main(*sys.argv[1:])
