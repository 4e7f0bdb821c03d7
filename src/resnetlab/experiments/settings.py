"""How the laboratory is run; light enough for the command line to read without waiting for PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from resnetlab.core.devices import DeviceName
from resnetlab.core.errors import ResnetlabError

MOST = 40_000  # seeds of single runs, counted from it, stay within the 32 bits of PyTorch's generator
TierName = Literal["quick", "standard", "full"]
Folder = Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")]


@dataclass(frozen=True)
class LabSettings:
    """Where the laboratory writes, on what it runs, and with how many hands.

    Args:
        output: folder for the page, results.json and the figures; runs/<command>/<time>-<name> if not given.
        exist_ok: replace the files of an earlier run in the output folder.
        tier: quick, minutes on embedded digits; standard, an hour on natural images; full, the papers' own sizes.
        data: data reference; the quick tier has digits, the others take cifar10 if none is given.
        seed: the base from which every run's seed is counted.
        device: auto or cpu; the laboratory's networks are too small to gain from another.
        jobs: processes at once; 0 takes every core.
        engine: loky on this machine; ray or dask on a cluster that shares the cache folder.
        cache: folder of earlier runs, of which only what is missing is run; ~/.cache/resnetlab if not given.
        no_cache: start from nothing and keep nothing.
        quiet: show no progress.
        yes: start the full tier, whose cost is printed otherwise.
    """

    output: Folder = None
    exist_ok: bool = False
    tier: TierName = "quick"
    data: str | None = None
    seed: int = 0
    device: DeviceName = "auto"
    jobs: int = 0
    engine: Literal["loky", "ray", "dask"] = "loky"
    cache: Folder = None
    no_cache: bool = False
    quiet: bool = False
    yes: bool = False

    def options(self) -> dict[str, Any]:
        """The settings as keyword arguments, without what a subclass adds."""
        return {field.name: getattr(self, field.name) for field in fields(LabSettings)}

    def __post_init__(self) -> None:
        for name in ("output", "cache"):
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, Path(getattr(self, name)))
        if self.device not in ("auto", "cpu"):
            raise ResnetlabError(f"--device {self.device}: the laboratory runs on the CPU\ngive auto or cpu")
        if self.jobs < 0:
            raise ResnetlabError(f"--jobs {self.jobs} is negative\ngive the number of processes, or 0 for every core")
        if not 0 <= self.seed <= MOST:
            raise ResnetlabError(f"--seed {self.seed} is impossible\ngive a whole number from 0 to {MOST}")
        if self.cache is not None and self.no_cache:
            raise ResnetlabError(f"--cache {self.cache} and --no-cache exclude each other\ngive one of them")
