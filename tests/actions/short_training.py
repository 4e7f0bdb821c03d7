"""A training of a few seconds, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TINY = "resnet20[width=4]"


def short(folder: Path, **changes: Any) -> dict[str, Any]:
    """A training of a few seconds."""
    settings = {"model": TINY, "data": "digits", "recipe": "digits", "epochs": 2, "seed": 1, "quiet": True}
    return settings | {"output": folder} | changes
