"""What all demonstrations have in common: a seed that leaves no trace, and a file for the figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from matplotlib.figure import Figure

from resnetlab.core.errors import OutputError, ResnetlabError
from resnetlab.pages.svg import drawn

KINDS = (".png", ".svg")


class Demonstration(Protocol):
    """Numbers that can draw themselves."""

    def figure(self) -> Figure:
        """Their figure."""


AnyDemonstration = TypeVar("AnyDemonstration", bound=Demonstration)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """PyTorch's generator starts from the seed, and goes on afterwards where it was.

    Raises:
        ResnetlabError: the seed is not a whole number that PyTorch's generator takes, 32 bits.
    """
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ResnetlabError(f"seed={seed!r} is impossible\ngive a whole number from 0 to {2**32 - 1}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def figure_file(draw: Path | str | None) -> Path | None:
    """Where a figure shall go; looked at before anything is computed.

    Raises:
        OutputError: its name ends otherwise than in .png or .svg, or its folder is not there.
    """
    if draw is None:
        return None
    file = Path(draw)
    if file.suffix not in KINDS:
        raise OutputError(f"draw={str(draw)!r}: the ending says how to draw\ngive a file that ends in .png or .svg")
    if not file.parent.is_dir():
        raise OutputError(f"draw={str(draw)!r}: there is no folder {file.parent}\nmake it, or give another file")
    return file


def shown(demonstration: AnyDemonstration, file: Path | None) -> AnyDemonstration:
    """The demonstration itself; its figure is written where a file is given.

    Raises:
        OutputError: the file cannot be written.
    """
    if file is not None:
        drawing = drawn(demonstration.figure(), file.stem)
        content = drawing.png if file.suffix == ".png" else drawing.svg.encode()
        try:
            file.write_bytes(content)
        except OSError as error:
            raise OutputError(f"{file} cannot be written: {error.strerror}\ngive another file") from error
    return demonstration
