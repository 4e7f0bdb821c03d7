"""The fields of a JSON file beside those that its document's tables name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|", re.MULTILINE)
TYPES = {
    "string": str,
    "whole number": int,
    "number": (int, float),
    "boolean": bool,
    "list": list,
    "object": dict,
    "null": type(None),
}


def fields(value: Any, keyed: Collection[str] = (), at: str = "") -> Iterator[tuple[str, Any]]:
    """Every field with its value, as `claims[].parts[].delta`.

    Args:
        value: the content.
        keyed: names of objects whose keys are data; any of them is `*`.
        at: name of the value.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = f"{at}.*" if at in keyed else f"{at}.{key}".removeprefix(".")
            yield name, inner
            yield from fields(inner, keyed, name)
    elif isinstance(value, list):
        for inner in value:
            if not isinstance(inner, Mapping):
                yield f"{at}[]", inner
            yield from fields(inner, keyed, f"{at}[]")


def is_of_type(value: Any, said: str) -> bool:
    """Whether a value is of a documented type, such as "list of strings or null"."""
    words = [word.split(" of ")[0] for word in said.strip().split(" or ")]
    if isinstance(value, bool):  # which Python counts among the whole numbers
        return "boolean" in words
    return any(isinstance(value, TYPES[word]) for word in words)
