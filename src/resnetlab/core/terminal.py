"""How tables look on a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

WIDTH_IN_FILES = 120  # columns, where output goes to a file or another program


def show(*things: RenderableType) -> None:
    """Print to standard output; strings, paths among them, and texts that are folded already are never broken."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(highlight=False, width=WIDTH_IN_FILES)
    for thing in things:
        is_whole = isinstance(thing, str) or (isinstance(thing, Text) and bool(thing.no_wrap))
        console.print(thing, markup=False, soft_wrap=is_whole)


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


def on_one_line(name: str | os.PathLike[str]) -> str:
    """A file's name as it can be printed: line breaks and bytes that are no text are escaped.

    >>> on_one_line("two\\nlines.png")
    'two\\\\nlines.png'
    """
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in os.fspath(name))


def first_few(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are.

    >>> first_few(["a", "b", "c"], 2), first_few(["a", "b"], 2)
    ('a, b and 1 more', 'a, b')
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def json_text(value: Any) -> str:
    """The value as JSON that is UTF-8: a line for each key of the outermost object or entry of the outermost list.

    File names that are no text keep their bytes, as the escapes that `os.fsencode` turns back.
    """

    def one_line(inside: Any) -> str:
        return json.dumps(inside, ensure_ascii=False)

    if isinstance(value, dict):
        text = "{\n" + ",\n".join(f"  {one_line(key)}: {one_line(inside)}" for key, inside in value.items()) + "\n}"
    else:
        text = "[\n" + ",\n".join(f"  {one_line(inside)}" for inside in value) + "\n]"
    return "".join(sign if not "\ud800" <= sign <= "\udfff" else ascii(sign)[1:-1] for sign in text)


@contextmanager
def progress_bar(what: str, total: int, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; it is gone when the work is done.

    Args:
        what: is being done.
        total: of its steps.
        quiet: show nothing.

    Yields:
        a function that is told how many more steps are done.
    """
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(bar_width=32), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.update(task, advance=steps)
