"""Where two observations differ first, in words."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnetlab.exercises.observation import LARGEST, same_error

SMALLEST = 1e-6  # below this a difference is rounding, whatever the size of the numbers
Seen = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """The first thing in which an answer is not what is meant.

    Args:
        where: output, gradient, buffers or mode.
        text: what was computed, and what is meant.
        kind: a slug where the difference alone says what is wrong: "wrong-type", "not-a-number", "raises".
    """

    where: str
    text: str
    kind: str | None = None


def first_difference(meant: Seen, got: Seen, tolerance: float) -> Difference | None:
    """What an answer does first that is not meant; None where all agrees.

    Args:
        meant: an observation, as JSON.
        got: another, which may be malformed: a learner's process wrote it.
        tolerance: as a share of the largest number of the tensor meant.
    """
    found = {name: (where, value) for name, where, value in got["seen"]}
    for name, where, value in got["seen"]:
        if "meant" in value:
            return Difference(
                where, f"{name} is {_kind(value)}, and {str(value['meant'])[:60]} is meant", "wrong-type"
            )
    for name, where, value in meant["seen"]:
        if name not in found:
            break
        if where == "gradient" and "shape" in value and found[name][1] == {"value": None}:
            return Difference(where, f"no gradient comes to {name}")
        difference = _compare(name, value, found[name][1], tolerance)
        if difference:
            return Difference(where, *difference)
    if got["error"] and not same_error(meant["error"], got["error"]):
        error = got["error"]
        line = f" at line {error['line']}" if error["line"] else ""
        return Difference(error["where"], f"{error['type']}{line}: {error['text']}", "raises")
    missing = [(name, where) for name, where, _ in meant["seen"] if name not in found]
    if missing:
        return Difference(missing[0][1], f"{missing[0][0]} is missing")
    return None


def _compare(name: str, meant: Any, got: Any, tolerance: float) -> tuple[str, str | None] | None:
    if "shape" in meant:
        return _compare_tensors(name, meant, got, tolerance)
    if "items" in meant and "items" in got:
        if len(meant["items"]) != len(got["items"]):
            return f"{name} has {len(got['items'])} entries, and {len(meant['items'])} are meant", None
        pairs = enumerate(zip(meant["items"], got["items"], strict=True))
        return next(filter(None, (_compare(f"{name}[{i}]", one, other, tolerance) for i, (one, other) in pairs)), None)
    if "value" in meant and "value" in got:
        one, other = meant["value"], got["value"]
        if isinstance(one, bool) and isinstance(other, bool):
            return None if one is other else (f"{name}: {_yes(other)}, and {_yes(one)} is meant", None)
        if isinstance(one, int | float) and isinstance(other, int | float):
            if math.isfinite(one) and not math.isfinite(other):
                return f"{name} is {other}, and {one:.6g} is meant", "not-a-number"
            agrees = abs(one - other) <= tolerance * abs(one) + SMALLEST or one == other
            return None if agrees else (f"{name} is {other:.6g}, and {one:.6g} is meant", None)
        return None if one == other else (f"{name} is {other!r:.60}, and {one!r} is meant", None)
    return f"{name} is {_kind(got)}, and {_kind(meant)} is meant", "wrong-type"


def _compare_tensors(name: str, meant: Any, got: Any, tolerance: float) -> tuple[str, str | None] | None:
    if "shape" not in got:
        return f"{name} is {_kind(got)}, and a tensor is meant", "wrong-type"
    if meant["shape"] != got["shape"]:
        return f"{name} has shape {tuple(got['shape'])}, and {tuple(meant['shape'])} is meant", None
    one, other = _numbers(meant), _numbers(got)
    if one.size == 0:
        return None
    lost = np.isfinite(one) & ~np.isfinite(other)
    if lost.any():
        place = np.unravel_index(int(lost.argmax()), one.shape)
        return f"{_place(name, place)} is {other[place]}, and {one[place]:.5g} is meant", "not-a-number"
    allowed = tolerance * np.abs(one[np.isfinite(one)]).max(initial=0.0) + SMALLEST
    with np.errstate(invalid="ignore"):
        distance = np.where(one == other, 0.0, np.abs(one - other))
    if (distance <= allowed).all():
        return None
    place = np.unravel_index(int(np.nanargmax(np.nan_to_num(distance, posinf=1e300))), one.shape)
    return f"{_place(name, place)} is {other[place] + 0.0:.5g}, and {one[place] + 0.0:.5g} is meant", None  # 0, not -0


def _numbers(tensor: Any) -> NDArray[np.float64]:
    return np.frombuffer(base64.b64decode(tensor["data"], validate=True), np.float64).reshape(tensor["shape"])


def _place(name: str, place: tuple[Any, ...]) -> str:
    return f"{name}[{', '.join(str(int(index)) for index in place)}]" if place else name


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _kind(value: Any) -> str:
    if "shape" in value:
        return "a tensor"
    if "items" in value:
        return "a list"
    return repr(value["value"])[:60] if "value" in value else f"of type {value['type']}"


def is_well_formed(observation: Any) -> bool:
    """Whether what a learner's process sent has the form of an observation."""
    try:
        return _is_error(observation["error"]) and all(
            isinstance(name, str) and isinstance(where, str) and _is_value(value)
            for name, where, value in observation["seen"]
        )
    except (TypeError, KeyError, ValueError, RecursionError):
        return False


def _is_error(error: Any) -> bool:
    if error is None:
        return True
    texts = isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("type", "text", "where"))
    return texts and {*error} == {"type", "text", "where", "line"} and isinstance(error["line"], int | None)


def _is_value(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if "shape" in value:
        shape = value["shape"]
        if not (isinstance(shape, list) and all(isinstance(side, int) and side >= 0 for side in shape)):
            return False
        try:
            _numbers(value)
        except (binascii.Error, TypeError, ValueError, KeyError):
            return False
        return True
    if "items" in value:
        return isinstance(value["items"], list) and all(_is_value(item) for item in value["items"])
    if "value" in value:
        held = value["value"]
        return isinstance(held, str | float | None) or (isinstance(held, int) and abs(held) <= LARGEST)
    return isinstance(value.get("type"), str)
