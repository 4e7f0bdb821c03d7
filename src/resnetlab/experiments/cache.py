"""What has been measured before: kept by protocol and versions, so that only what is missing runs.

Every claim has one file of JSON lines, a line per run; lines are appended as runs end, so a killed laboratory loses
only what was under way. Trained networks of the pool have a file each.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import resnetlab
from resnetlab.core.errors import OutputError
from resnetlab.core.folders import cache_folder
from resnetlab.experiments.ledger import source_of
from resnetlab.experiments.tiers import Tier
from resnetlab.experiments.trained import Training

TRAINS = ("specs", "nn", "weights", "data", "training", "experiments/trained.py")
"""Code that can change a trained network."""
MEASURES = (*TRAINS, "core", "analysis", "experiments/*.py")
"""Code that can change a measured number, beside the claim's own file."""


@dataclass(frozen=True)
class Record:
    """One run that has ended."""

    arm: str
    seed: int
    measures: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Cache:
    """A folder of measured runs and trained networks."""

    folder: Path

    @classmethod
    def at(cls, folder: Path | None = None) -> Cache:
        """The given folder, or `core.folders.cache_folder`.

        Raises:
            OutputError: it cannot be written.
        """
        chosen = folder or cache_folder()
        try:
            chosen.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"--cache {chosen}: {error.strerror}\ngive a folder that can be written") from error
        if not os.access(chosen, os.W_OK):
            raise OutputError(f"--cache {chosen} cannot be written\ngive another folder, or --no-cache")
        return cls(chosen)

    def records_file(self, locator: str, slug: str, data: str, tier: Tier = Tier.QUICK) -> Path:
        """Where a claim's runs are kept; another protocol, version, tier or data set has another file."""
        key = _digest(source_of(locator), code_fingerprint(MEASURES), versions(), data, tier)
        return self.folder / "measures" / f"{slug}-{key}.jsonl"

    def network_file(self, training: Training, data: str, seed: int) -> Path:
        """Where a network of the pool is kept."""
        key = _digest(repr(training), code_fingerprint(TRAINS), versions(), data)
        return self.folder / "pool" / f"{training.model}-{key}-{seed}.pt"


def read_records(file: Path) -> Iterator[Record]:
    """The runs that a file holds; a line cut short by a kill is passed over."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield Record(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            continue


def append_record(file: Path, record: Record) -> None:
    """Add one run. The line begins on a new one even where the file's last was cut short.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as lines:
            if lines.tell() and not _ends_with_newline(file):
                lines.write(b"\n")
            lines.write(json.dumps(asdict(record)).encode() + b"\n")
    except OSError as error:
        message = f"the run cannot be kept in {file.parent}: {error.strerror}\ngive another --cache, or --no-cache"
        raise OutputError(message) from error


def _ends_with_newline(file: Path) -> bool:
    with file.open("rb") as lines:
        lines.seek(-1, os.SEEK_END)
        return lines.read(1) == b"\n"


@lru_cache(maxsize=2)
def code_fingerprint(places: tuple[str, ...]) -> str:
    """A digest of all code in these rooms and files of resnetlab."""
    package = Path(resnetlab.__file__).parent
    patterns = (place if place.endswith(".py") else f"{place}/**/*.py" for place in places)
    files = sorted(file for pattern in patterns for file in package.glob(pattern))
    return _digest(*(file.read_text(encoding="utf-8") for file in files))


@lru_cache(maxsize=1)
def versions() -> str:
    """What else a number depends on: libraries, and which instructions the machine computes with."""
    names = ("torch", "numpy", "scipy", "scikit-learn")
    machine = platform.machine(), torch.backends.cpu.get_cpu_capability()
    return " ".join([*machine, *(f"{name}={metadata.version(name)}" for name in names)])


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
