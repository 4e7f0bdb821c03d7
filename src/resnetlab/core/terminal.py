"""How tables look on a terminal."""

from __future__ import annotations

import os
from collections.abc import Collection

from rich.console import Console, RenderableType
from rich.table import Table

WIDTH_IN_FILES = 120  # columns, where output goes to a file or another program


def show(*things: RenderableType) -> None:
    """Print to standard output; texts, paths among them, are never broken."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(highlight=False, width=WIDTH_IN_FILES)
    for thing in things:
        console.print(thing, markup=False, soft_wrap=isinstance(thing, str))


def plain_table(*columns: str, whole: Collection[str] = (), numbers: Collection[str] = ()) -> Table:
    """A table without lines.

    Args:
        columns: the head.
        whole: columns whose cells are never broken.
        numbers: columns whose cells stand to the right, never broken either.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=any(columns))
    for name in columns:
        number = name in numbers
        table.add_column(name, no_wrap=number or name in whole, overflow="fold", justify="right" if number else "left")
    return table
