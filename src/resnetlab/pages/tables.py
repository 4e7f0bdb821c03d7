"""Tables as figures: for claims whose numbers are better read than plotted."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

WIDTH = 6.4  # inches, as all figures
ROW_HEIGHT = 0.27
MARGIN = 0.12
BOLD = 1.15  # how much wider than plain letters


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[str] = ()) -> Figure:
    """A figure of ruled rows under a bold head, each column as wide as its longest text asks.

    Args:
        columns: the head.
        rows: the cells, as text; as many in each row as there are columns.
        numbers: the columns whose cells stand to the right, so that digits line up.
    """
    lines = [tuple(columns), *map(tuple, rows)]
    height = len(lines) * ROW_HEIGHT + 2 * MARGIN
    figure = Figure(figsize=(WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    heads = [BOLD * len(name) for name in columns]
    edges = _edges([max([head, *(len(row[place]) for row in rows)]) for place, head in enumerate(heads)])
    for number, line in enumerate(lines):
        middle = MARGIN + (number + 0.5) * ROW_HEIGHT
        for name, cell, (left, right) in zip(columns, line, edges, strict=True):
            weight = "bold" if number == 0 else "normal"
            x, side = (right, "right") if name in numbers else (left, "left")
            axes.text(x, middle, cell, ha=side, va="center", fontsize=8, weight=weight)
        below, heavy = MARGIN + (number + 1) * ROW_HEIGHT, number == 0
        axes.plot([MARGIN, WIDTH - MARGIN], [below, below], color="black" if heavy else "#BBBBBB", linewidth=0.7)
    return figure


def _edges(longest: Sequence[float]) -> list[tuple[float, float]]:
    """Left and right end of every column, in inches; what is left over goes between them."""
    gap = 0.2
    share = (WIDTH - 2 * MARGIN - gap * (len(longest) - 1)) / sum(longest)
    edges, left = [], MARGIN
    for letters in longest:
        edges.append((left, left + letters * share))
        left += letters * share + gap
    return edges
