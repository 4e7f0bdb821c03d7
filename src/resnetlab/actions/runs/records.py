"""What a run writes down while it trains: metrics.jsonl, summary.csv and log.txt. Only rank 0 makes these."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from resnetlab.core.errors import OutputError
from resnetlab.core.files import write_content
from resnetlab.training.events import EpochDone, StepDone

EVERY = 50  # steps from one line of metrics.jsonl to the next
TIMES = ("seconds", "images_per_second")  # differ between equal runs, so metrics.jsonl has none of them


class JsonLines:
    """A file of one JSON object a line, which can be cut back to where it was.

    Args:
        path: the file; lines are added to one that is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _told(path):
            self.file = path.open("ab")

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a line; numbers that JSON cannot hold become null."""
        with _told(self.path):
            self.file.write(f"{json.dumps(_finite(row), ensure_ascii=False, allow_nan=False)}\n".encode())

    def length(self) -> int:
        """Bytes in the file, all brought to the disk first, so that a checkpoint may rely on them."""
        with _told(self.path):
            self.file.flush()
            os.fsync(self.file.fileno())
            return os.fstat(self.file.fileno()).st_size

    def truncate(self, length: int) -> str | None:
        """Cut off what was written after a checkpoint; gives a remark where the file is shorter than it was then.

        Args:
            length: as `length()` told it for the checkpoint.
        """
        there = self.length()
        with _told(self.path):
            self.file.truncate(length if there >= length else self.path.read_bytes().rfind(b"\n") + 1)
        if there >= length:
            return None
        return (
            f"{self.path.name} has {there:,} of the {length:,} bytes it had at the checkpoint; the rest stays missing"
        )

    def close(self) -> None:
        """Write what is left and close the file."""
        with _told(self.path):
            self.file.close()


class Metrics(JsonLines):
    """metrics.jsonl: a line for every so many steps and one for every epoch; it holds no times.

    Equal runs give equal bytes, also where one of them was interrupted and resumed.

    Args:
        folder: of the run.
        every: steps from one line to the next.
    """

    def __init__(self, folder: Path, every: int = EVERY) -> None:
        super().__init__(folder / "metrics.jsonl")
        self.every = every

    def on_step(self, event: StepDone) -> None:
        """Write the steps that are a multiple of `every`."""
        if event.step % self.every == 0:
            self.write({"kind": "step", **vars(event)})

    def on_epoch(self, event: EpochDone) -> None:
        """Write the epoch, and bring all of it to the disk."""
        self.write({"kind": "epoch", **{key: value for key, value in vars(event).items() if key not in TIMES}})
        self.length()


class Summary:
    """summary.csv: a row for each epoch, written anew as a whole file after each.

    Args:
        folder: of the run.
        epochs: that are done; rows of later ones, from after the checkpoint that training goes on from, are dropped.
    """

    def __init__(self, folder: Path, epochs: int = 0) -> None:
        self.path = folder / "summary.csv"
        self.rows = [row for row in read_summary(self.path) if row["epoch"] <= epochs] if epochs else []

    def on_step(self, event: StepDone) -> None:
        """Nothing: a row is an epoch."""

    def on_epoch(self, event: EpochDone) -> None:
        """Add the epoch."""
        self.rows.append(asdict(event))
        text = io.StringIO()
        table = csv.DictWriter(text, [field.name for field in fields(EpochDone)], lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        write_content(self.path, text.getvalue())


class Log:
    """log.txt: what was said, with the time.

    Args:
        folder: of the run; a log that is there is added to.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log.txt"
        with _told(self.path):
            self.file: TextIO = self.path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)

    def say(self, text: str) -> None:
        """Add the lines of a text."""
        now = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        with _told(self.path):
            self.file.writelines(f"{now}  {line}\n" for line in text.splitlines())

    def close(self) -> None:
        """Close the file."""
        with _told(self.path):
            self.file.close()


def read_summary(path: Path) -> list[dict[str, Any]]:
    """The rows of a summary.csv as numbers; None for empty cells, nothing where there is no file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: _READ.get(key, _number)(cell) for key, cell in row.items()} for row in csv.DictReader(file)]


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines; a last line that was cut short by a kill is left out."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file if line.endswith("\n"))


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


_READ: dict[str, Callable[[str], Any]] = {"epoch": int, "step": int, "best": lambda cell: cell == "True"}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_finite(inside) for inside in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """A full disk and the like as an error of ours."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}\nfree some space, then go on with --resume"
        ) from error
