"""How data is inspected; light enough for the command line to read without waiting for PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True, kw_only=True)
class InspectSettings:
    """How data is inspected, and where the findings go.

    Args:
        output: folder for inspection.json and contact_sheet.png; runs/inspect/<time>-<name> if not given.
        exist_ok: replace the files of an earlier inspection in the output folder.
        seed: decides which images are on the contact sheet.
        quiet: show no progress.
    """

    output: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    exist_ok: bool = False
    seed: int = 0
    quiet: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.output, str):
            object.__setattr__(self, "output", Path(self.output))
        if self.seed < 0:
            raise ResnetlabError(f"--seed {self.seed} is impossible\ngive 0 or more")
