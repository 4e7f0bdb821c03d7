"""A figure in words, for readers who do not see it: what stands on its axes, and where its marks begin and end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from resnetlab.pages.figures import MARKERS
from resnetlab.pages.numbers import number

SAME_ROW = 1e-6  # texts of a table whose heights differ by less stand in one row
BESIDE = 0.25  # of the distance of two groups: single values lie this near to their group's tick


def figure_words(figure: Figure) -> str:
    """The figure in sentences; what it does not recognise it leaves out.

    Args:
        figure: after it has been drawn, for only then its ticks have their labels.
    """
    return " ".join(sentence for axes in figure.axes for sentence in _axes_words(axes))


def _axes_words(axes: Axes) -> Iterator[str]:
    if axes.get_label() == "<colorbar>":
        yield f"The shades show {axes.get_ylabel() or axes.get_xlabel()}."
    elif not axes.axison:
        yield from _table_words(axes)
    else:
        title = axes.get_title()
        y, x = (
            f"{' '.join(name.split())}{' (logarithmic)' if scale == 'log' else ''}"
            for name, scale in ((axes.get_ylabel(), axes.get_yscale()), (axes.get_xlabel(), axes.get_xscale()))
        )
        shown = " against ".join(filter(None, (y, x)))
        if title or shown:
            yield f"{': '.join(filter(None, (title, shown)))}."
        yield from map(_image_words, (image.get_array() for image in axes.get_images()))
        named = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
        yield from filter(None, map(_line_words, named))
        yield from _group_words(axes)
        yield from _bar_words(axes)


def _table_words(axes: Axes) -> Iterator[str]:
    """Row by row, from left to right."""
    rows: list[list[Text]] = []
    for text in sorted(axes.texts, key=lambda text: (text.get_position()[1], text.get_position()[0])):
        if rows and abs(rows[-1][0].get_position()[1] - text.get_position()[1]) < SAME_ROW:
            rows[-1].append(text)
        else:
            rows.append([text])
    for row in rows:
        yield f"{' | '.join(text.get_text() for text in row)}."


def _image_words(values: object) -> str:
    shades = np.asarray(values, dtype=float)
    return f"An image of {shades.shape[0]} × {shades.shape[1]} values, {_range(np.nanmin(shades), np.nanmax(shades))}."


def _line_words(line: Line2D) -> str:
    points = np.array(np.broadcast_arrays(line.get_xdata(), line.get_ydata()), dtype=float)
    points = points[:, np.isfinite(points).all(axis=0)]
    if not points.size:
        return ""
    lowest, highest = points[1].min(), points[1].max()
    if lowest == highest:
        return f"{line.get_label()}: level at {_short(lowest)}."
    (x_first, y_first), (x_last, y_last) = points[:, 0], points[:, -1]
    ends = f"from {_short(y_first)} at {_short(x_first)} to {_short(y_last)} at {_short(x_last)}"
    return f"{line.get_label()}: {ends}, throughout {_range(lowest, highest)}."


def _group_words(axes: Axes) -> Iterator[str]:
    """Single values over ticks that are names."""
    dots = [line for line in axes.get_lines() if str(line.get_label()).startswith("_") and _is_single_values(line)]
    x = np.concatenate([np.asarray(line.get_xdata(), float) for line in dots]) if dots else np.zeros(0)
    y = np.concatenate([np.asarray(line.get_ydata(), float) for line in dots]) if dots else np.zeros(0)
    for place, name in _named_ticks(axes.xaxis):
        over = y[(np.abs(x - place) < BESIDE) & np.isfinite(y)]
        if len(over):
            yield f"{name}: {len(over)} values, {_range(over.min(), over.max())}."


def _is_single_values(line: Line2D) -> bool:
    return line.get_marker() in MARKERS and line.get_linewidth() == 0


def _bar_words(axes: Axes) -> Iterator[str]:
    """Bars with the names of their ticks; those of a legend's entry under its name."""
    for bars in axes.containers:
        if not isinstance(bars, BarContainer):
            continue
        flat = bars.orientation == "horizontal"
        names = _named_ticks(axes.yaxis if flat else axes.xaxis)
        entry = "" if str(bars.get_label()).startswith("_") else f"{bars.get_label()}, "
        for bar in bars.patches:
            box = bar.get_bbox()
            middle, length = ((box.y0 + box.y1) / 2, box.width) if flat else ((box.x0 + box.x1) / 2, box.height)
            name = min(names, key=lambda tick: abs(tick[0] - middle))[1] if names else _short(middle)
            yield f"{entry}{name}: {_short(length)}."


def _named_ticks(axis: Axis) -> list[tuple[float, str]]:
    """Place and name of the ticks that say more than a number."""
    labels = [" ".join(tick.get_text().split()) for tick in axis.get_ticklabels()]
    ticks = zip(axis.get_ticklocs(), labels, strict=False)
    return [(float(place), name) for place, name in ticks if any(letter.isalpha() for letter in name)]


def _range(low: float, high: float) -> str:
    return f"between {_short(low)} and {_short(high)}" if low < high else f"all {_short(low)}"


def _short(value: float) -> str:
    """Three digits: words need no more."""
    return number(float(f"{value:.3g}"))
