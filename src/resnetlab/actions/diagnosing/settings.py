"""How `diagnose` is run; light enough for the command line to read without waiting for PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from resnetlab.actions.diagnosing.parts import ALL, HEALTH, PARTS
from resnetlab.actions.networks.options import ModelOptions
from resnetlab.actions.networks.settings import MOST_SEED
from resnetlab.core.devices import DeviceName
from resnetlab.core.errors import ResnetlabError, UnknownNameError


@dataclass(frozen=True, kw_only=True)
class DiagnoseSettings(ModelOptions):
    """How a network is looked at.

    Args:
        parts: ways of looking beside health, which is always there: lesions, paths, shattering, landscape,
            attribution, or all; health alone for no other.
        images: how many go through, drawn by the seed.
        batch_size: images at once, backward too.
        split: the data's test images, or those for training.
        earlier: model reference of the same network at an earlier time, to tell what moved since.
        keep_channels: refuse images of another number of channels than the network takes.
        keep_size: refuse images that would have to be enlarged.
        device: where the network computes.
        seed: of the images that are taken, of fresh weights, and of what the network draws.
        output: folder for the page and diagnosis.json.
        exist_ok: replace the files of an earlier diagnosis in the output folder.
        quiet: show no progress.
    """

    parts: Annotated[
        tuple[str, ...], tyro.conf.arg(metavar="NAME [NAME ...]", help_behavior_hint="(else those that take seconds)")
    ] = ()
    images: int = 256
    batch_size: int = 64
    split: Literal["test", "train"] = "test"
    earlier: Annotated[str | None, tyro.conf.arg(metavar="MODEL")] = None
    keep_channels: bool = False
    keep_size: bool = False
    device: DeviceName = "auto"
    seed: int = 0
    output: Annotated[
        Path | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(else runs/diagnose/<time>-<name>)")
    ] = None
    exist_ok: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.output, str):
            object.__setattr__(self, "output", Path(self.output))
        for name in ("images", "batch_size"):
            value = getattr(self, name)
            if value < 2:  # a batch norm in training mode cannot learn anything of one
                raise ResnetlabError(f"--{name.replace('_', '-')} {value} is impossible\ngive 2 or more")
        if not 0 <= self.seed <= MOST_SEED:
            raise ResnetlabError(f"--seed {self.seed} is impossible\ngive a whole number from 0 to {MOST_SEED}")
        for part in self.parts:
            if part not in (HEALTH, ALL, *PARTS):
                raise UnknownNameError("part", part, (HEALTH, *PARTS, ALL))

    @property
    def chosen_parts(self) -> tuple[str, ...]:
        """Names of the parts beside health, in the order of the page."""
        if ALL in self.parts:
            return tuple(PARTS)
        if self.parts:
            return tuple(name for name in PARTS if name in self.parts)
        return tuple(name for name, part in PARTS.items() if part.usual)
