"""What is seen of an answer, and what the library lets one see in the same place.

A check has one `probe`: it calls an answer on the inputs of a case and records outputs, gradients, buffers and modes.
The learner's file, the library and every known mistake go through the same probe, so that they can be compared
number by number, whatever their source looks like.
"""

from __future__ import annotations

import base64
import math
import random
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn

Case = Mapping[str, Any]  # values of a check's space, and "seed": what one trial is made of
LONGEST_TEXT = 200
LARGEST = 10**300  # of whole numbers, which Python lets grow beyond what a float can be compared with


class StoppedError(Exception):
    """An answer gave something that cannot be looked at any further; what was recorded tells."""


class Observation:
    """What was seen so far, in order; `where` is output, gradient, buffers or mode."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.error: dict[str, Any] | None = None
        self.at = "output"

    def output(self, name: str, value: Any) -> None:
        self._record("output", name, value)

    def buffers(self, name: str, value: Any) -> None:
        self._record("buffers", name, value)

    def mode(self, name: str, value: Any) -> None:
        self._record("mode", name, value)

    def gradient(self, name: str, value: Any) -> None:
        self._record("gradient", name, value)

    def gradients(self, y: Any, **of: Tensor) -> None:
        """Record the gradients of a fixed weighted sum of y; None where it does not depend on a tensor."""
        self.tensor("output", y)
        self.at = "gradient"
        weights = torch.cos(torch.arange(y.numel(), dtype=y.dtype)).reshape(y.shape)
        weighted = (y * weights).sum()
        found: Sequence[Tensor | None] = [None] * len(of)
        if weighted.requires_grad:
            found = torch.autograd.grad(weighted, list(of.values()), allow_unused=True)
        for name, value in zip(of, found, strict=True):
            self.gradient(name, value)
        self.at = "output"

    def tensor(self, name: str, value: Any) -> Tensor:
        """The value, which has to be a tensor to go on.

        Raises:
            StoppedError: it is something else, which is recorded.
        """
        if not isinstance(value, Tensor):
            self.stop(name, value)
        return value

    def module(self, name: str, value: Any) -> nn.Module:
        """The same for a module."""
        if not isinstance(value, nn.Module):
            self.stop(name, value, "an nn.Module")
        return value

    def stop(self, name: str, value: Any, meant: str = "a tensor") -> NoReturn:
        """Record something of a kind that is not meant, and end.

        Raises:
            StoppedError: always.
        """
        self.seen.append((name, "output", encoded(value) | {"meant": meant}))
        raise StoppedError

    def _record(self, where: str, name: str, value: Any) -> None:
        self.seen.append((name, where, encoded(value)))

    def as_json(self) -> dict[str, Any]:
        return {"seen": self.seen, "error": self.error}


@dataclass(frozen=True)
class Check:
    """How an answer is looked at.

    Args:
        space: of each parameter of a case the values it may have, the simplest first.
        probe: (answer, case, observation): calls what the learner wrote, and records.
        library: gives a namespace with the same names, computed by the library.
        trials: cases drawn.
        always: values that the first cases have, one each, so that chance leaves out nothing that matters.
        possible: whether a case makes sense.
        told: a case in words.
        tolerance: of a number, as a share of the largest of its tensor.
        seconds: of processor time that one run may take.
        pairs: two mistakes at once are looked for where no single one fits; not where a run takes long.
        of_questions: every case is a question: it is judged by itself, and what is meant is not told.
    """

    space: Mapping[str, Sequence[Any]]
    probe: Callable[[Any, Case, Observation], None]
    library: Callable[[], Any]
    trials: int = 12
    always: Sequence[Mapping[str, Any]] = ()
    possible: Callable[[Case], bool] = lambda case: True
    told: Callable[[Case], str] = lambda case: ", ".join(f"{name} {case[name]}" for name in case if name != "seed")
    tolerance: float = 1e-4
    seconds: int = 4
    pairs: bool = True
    of_questions: bool = False


def observe(check: Check, answer: Any, case: Case, locate: Callable[[BaseException], int | None]) -> dict[str, Any]:
    """Everything that the probe sees of an answer in one case; an error ends it and is recorded.

    Args:
        check: with the probe.
        answer: a namespace with what the exercise asks for.
        case: one trial.
        locate: gives the line of the learner's file at which an error was raised.
    """
    observation = Observation()
    torch.manual_seed(case["seed"])
    random.seed(case["seed"])
    np.random.seed(case["seed"] % 2**32)  # noqa: NPY002, it is this state that an answer may draw from
    try:
        check.probe(answer, case, observation)
    except StoppedError:
        pass
    except Exception as error:
        observation.error = {
            "type": type(error).__name__,
            "text": said_by(error),
            "where": observation.at,
            "line": locate(error),
        }
    return observation.as_json()


def said_by(error: BaseException) -> str:
    """An error's own message on one line; addresses in memory, which are never the same twice, are left out."""
    text = re.sub(r"0x[0-9a-f]+", "0x…", " ".join(str(error).split()))
    return textwrap.shorten(text, LONGEST_TEXT, placeholder=" …")


def drawn(case: Case, name: str, *shape: int) -> Tensor:
    """Numbers from the normal distribution that follow from the case's seed and the name alone."""
    generator = torch.Generator().manual_seed(case["seed"] * 1_000_003 + sum(map(ord, name)))
    return torch.randn(shape, generator=generator)


def encoded(value: Any) -> dict[str, Any]:
    """A value as JSON: tensors as float64, numbers, NumPy's too, and texts as they are, other things by their type."""
    if isinstance(value, Tensor):
        numbers = value.detach().cpu().to(torch.float64).contiguous()
        return {"shape": list(numbers.shape), "data": base64.b64encode(numbers.numpy().tobytes()).decode()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and abs(value) > LARGEST:
        return {"value": math.copysign(math.inf, value)}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    if isinstance(value, list | tuple):
        return {"items": [encoded(item) for item in value]}
    return {"type": type(value).__name__}


def same_error(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether two errors tell the same, shapes and numbers included."""

    def essence(error: Mapping[str, Any] | None) -> Any:
        return error and (error["type"], error["where"], error["text"])

    return bool(essence(one) == essence(other))
