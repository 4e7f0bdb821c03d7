"""What a network sees in images, on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from resnetlab.actions.predict import Predictions
from resnetlab.core.terminal import on_one_line, plain_table


def predictions_table(found: Predictions) -> RenderableType:
    """A line for each guess, the likeliest first, under each image's name; below, how many images there were."""
    table = plain_table("image", "per cent", "class", numbers=("per cent",))
    for row in found.rows:
        for place, guess in enumerate(row.guesses):
            name = Text(on_one_line(row.path), "bold") if place == 0 else Text("")
            look = "" if place == 0 else "dim"
            table.add_row(name, Text(f"{100 * guess.probability:.1f}", look), Text(on_one_line(guess.label), look))
    said = f"{len(found.rows)} images seen by {found.model}"
    if found.unreadable:
        said += f", {len(found.unreadable)} could not be read"
    return Group(*([table] if found.rows else []), Text(said, "dim"))
