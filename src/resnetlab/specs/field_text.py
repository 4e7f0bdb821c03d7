"""How the fields of a spec are written in short: `B`, `3/4/6/3`, `true`, as in `resnet20[shortcut=B]`."""

from __future__ import annotations

import re
from dataclasses import is_dataclass, replace
from typing import Any

from resnetlab.specs.parts import SHORTCUTS, Shortcut, Squeeze


def from_text(name: str, text: str | float, now: Any) -> Any:
    """The value that a text, or a number, stands for in a field that now holds `now`.

    Raises:
        ValueError, KeyError: it stands for none.
    """
    if name == "squeeze":
        return None if text == "none" else replace(now or Squeeze(), ratio=float(text))
    if not isinstance(text, str):
        return text
    if isinstance(now, Shortcut):
        return SHORTCUTS[text]
    if isinstance(now, bool):
        return {"true": True, "false": False}[text.lower()]
    if isinstance(now, tuple):
        return tuple(int(number) for number in re.split(r"[/ ]", text))
    if is_dataclass(now):
        raise ValueError(f"a {_kind(now).__name__} has no short text")
    return type(now)(text)


def is_of_the_kind(name: str, value: Any, now: Any) -> bool:
    """Whether a value is of the kind that a field holds now."""
    if name == "squeeze":
        return value is None or isinstance(value, Squeeze)
    if isinstance(now, bool) or isinstance(value, bool):
        return isinstance(now, bool) and isinstance(value, bool)
    if isinstance(now, float):
        return isinstance(value, int | float)
    if isinstance(now, tuple):
        return isinstance(value, tuple) and all(isinstance(number, int) for number in value)
    return isinstance(value, _kind(now))


def _kind(value: Any) -> type:
    """The base class: Shortcut for a Projection, Block for a Bottleneck, int for an int."""
    kinds: list[type] = type(value).mro()
    return kinds[-2]


def allowed_values(now: Any) -> str:
    """What may be written in a field that now holds `now`."""
    if isinstance(now, Shortcut):
        return ", ".join(SHORTCUTS)
    if isinstance(now, bool):
        return "true, false"
    if isinstance(now, tuple):
        return "whole numbers joined by /, as in 3/4/6/3"
    if now is None or isinstance(now, Squeeze):
        return "none, a ratio above 0 and up to 1"
    if is_dataclass(now):
        return f"a {_kind(now).__name__} of resnetlab.specs.parts"
    return "a whole number" if isinstance(now, int) else "a number"


def text_of(value: Any) -> str:
    """The short text of a value; `from_text` reads it again, except where a part has none."""
    names = {shortcut: name for name, shortcut in SHORTCUTS.items()}
    if isinstance(value, Shortcut):
        return names.get(value, repr(value))
    if isinstance(value, Squeeze) and value == Squeeze(ratio=value.ratio):
        return str(value.ratio)
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)
