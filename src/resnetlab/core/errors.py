"""What resnetlab says when a request cannot be met: what, which value, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ResnetlabError(ValueError):
    """A request that cannot be met; the message fits three lines and names the remedy.

    Attributes:
        said_by_another: another of many processes that train together prints the same message.
    """

    said_by_another = False


class UnknownNameError(ResnetlabError):
    """A name that is in no table; the message gives the nearest names that are.

    Args:
        kind: what was looked for, in the user's word ("model", "claim", "field").
        name: what the user wrote.
        known: every name that would have been right.
        see: where the whole list can be read.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], see: str = "") -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"unknown {kind} {name!r}{_suggestion(name, self.known)}" + (f"\n{see}" if see else ""))

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.known)


class SpecError(ResnetlabError):
    """A network that cannot be built: the field, the value, and what is allowed."""


class InputSizeError(ResnetlabError):
    """An image smaller than the network can take; the message gives the smallest legal size."""


class WeightsError(ResnetlabError):
    """Weights that do not fit the network they were meant for; the message lists every tensor that is at fault."""


class CheckpointError(ResnetlabError):
    """A file of weights that cannot be read: damaged, unsafe to read, or of no known format."""


class DownloadError(ResnetlabError):
    """A download that failed; the message names the address, the place for the file by hand, and its hash."""


class ImageError(ResnetlabError):
    """An image file that cannot be read: damaged, of no known format, or too large; the message names the file."""


class UntrainedError(ResnetlabError):
    """A network that was never trained, where one that was is meant."""


class DivergedError(ResnetlabError):
    """Training met a number that is not finite, and stopped before the step.

    Args:
        step: that would have been taken, from 1.
        tensor: the first that is not finite, in words.
    """

    def __init__(self, step: int, tensor: str) -> None:
        self.step, self.tensor = step, tensor
        super().__init__(
            f"training diverged: at step {step} the {tensor} is not finite, and the step was not taken\n"
            "give a lower --optim.lr, a warm-up, --optim.clip or --precision fp32; the last checkpoint is from before"
        )

    def __reduce__(self) -> tuple[type[DivergedError], tuple[int, str]]:
        return type(self), (self.step, self.tensor)


class OutputError(ResnetlabError):
    """A place that cannot be written, or that already holds something."""


def _suggestion(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; known: {', '.join(known)}" if len(known) <= 12 else ""
