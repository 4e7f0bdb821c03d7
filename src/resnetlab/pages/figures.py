"""Figures in one style: units on the axes, markers and dashes beside colours, the number of seeds and an interval.

Colours are those of Okabe & Ito, told apart without full colour vision; no figure relies on them alone. Whatever is
drawn in black (text, axes, means) takes the colour of a page's text and so follows dark mode; what stands on a filled
cell is drawn in INK or PAPER, which stay as they are.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, MaxNLocator
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from resnetlab.pages.numbers import number

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1)), (0, (1, 1)))
INK, PAPER = "#111111", "#fefefe"
TEXT_SIZE = 10  # points; a figure 6.4 inches wide keeps them readable on a phone
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


def new_figure(width: float = 6.4, height: float = 3.6, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure in the house's style, with its axes side by side.

    Args:
        width: inches.
        height: inches.
        columns: number of axes.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = [figure.add_subplot(1, columns, number + 1) for number in range(columns)]
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.spines[["bottom", "left"]].set(alpha=0.6, linewidth=0.8)
        one.grid(visible=True, color="black", alpha=0.13, linewidth=0.6)
        one.tick_params(which="both", labelsize=TEXT_SIZE - 0.5, length=3, width=0.6)
        one.xaxis.label.set_fontsize(TEXT_SIZE)
        one.yaxis.label.set_fontsize(TEXT_SIZE)
        one.set_axisbelow(True)
    return figure, axes


def mean_and_interval(values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over the first axis and the half-width of its 95 % t-interval (nan for one value).

    Args:
        values: (seeds, ...).
    """
    sample = np.asarray(values, dtype=float)
    n = len(sample)
    if n < 2:
        return sample.mean(axis=0), np.full(sample.shape[1:], math.nan)
    half = stats.t.ppf(0.975, n - 1) * sample.std(axis=0, ddof=1) / math.sqrt(n)
    return sample.mean(axis=0), half


def draw_curves(
    axes: Axes, lines: Mapping[str, ArrayLike], x_values: Sequence[float] | None = None, every: int = 1
) -> None:
    """A line per entry, with its mean over seeds and a band of the 95 % t-interval.

    Args:
        axes: to draw on.
        lines: name → (seeds, points).
        x_values: of the points; 1, 2, 3, … where not given.
        every: a marker at every so many points.
    """
    for place, (name, values) in enumerate(lines.items()):
        mean, half = mean_and_interval(np.atleast_2d(np.asarray(values, dtype=float)))
        x = np.arange(1, len(mean) + 1) if x_values is None else np.asarray(x_values, dtype=float)
        look = place % len(COLOURS)
        axes.plot(
            x,
            mean,
            linestyle=DASHES[look],
            color=COLOURS[look],
            linewidth=1.6,
            marker=MARKERS[look],
            markevery=every,
            markersize=4.5,
            label=name,
        )
        if not np.isnan(half).all():
            axes.fill_between(x, mean - half, mean + half, color=COLOURS[look], alpha=0.18, linewidth=0)


def curves(
    lines: Mapping[str, ArrayLike],
    *,
    x: str,
    y: str,
    x_values: Sequence[float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """Curves with bands, labelled.

    Args:
        lines: name → (seeds, points), or (points,) where there is one run.
        x: what stands on the x axis, with its unit.
        y: what stands on the y axis, with its unit.
        x_values: of the points.
        log_x: logarithmic axis.
        log_y: logarithmic axis.
    """
    figure, (axes,) = new_figure()
    longest = max(np.atleast_2d(np.asarray(values, dtype=float)).shape[1] for values in lines.values())
    draw_curves(axes, lines, x_values, every=max(1, longest // 12))
    label(axes, x, y, log_x=log_x, log_y=log_y)
    seeds = {np.atleast_2d(np.asarray(values, dtype=float)).shape[0] for values in lines.values()}
    if x_values is None:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    note = seeds_text(seeds, "band")
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5, title=note, title_fontsize=TEXT_SIZE - 1, alignment="left")
    return figure


def strips(groups: Mapping[str, ArrayLike], *, y: str, threshold: float | None = None, log_y: bool = False) -> Figure:
    """Every single value by group, with the mean and its 95 % t-interval beside them.

    Args:
        groups: name → (n,) values.
        y: what is shown, with its unit.
        threshold: a level to compare with, drawn across and named in the legend.
        log_y: logarithmic axis.
    """
    figure, (axes,) = new_figure()
    for place, given in enumerate(groups.values()):
        values = np.atleast_1d(np.asarray(given, dtype=float))
        look = place % len(COLOURS)
        axes.plot(
            place + _spread(len(values)),
            values,
            MARKERS[look],
            color=COLOURS[look],
            markersize=4.5,
            alpha=0.6,
            linewidth=0,
        )
        mean, half = mean_and_interval(values)
        axes.errorbar(
            place + 0.3, mean, yerr=None if np.isnan(half) else half, fmt="_", color="black", markersize=9, capsize=3
        )
    if threshold is not None:
        axes.axhline(threshold, color="black", linestyle=":", linewidth=1.2, label=number(threshold))
        axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    axes.grid(visible=False, axis="x")
    axes.set_xticks(range(len(groups)), [_broken(name) for name in groups])
    axes.set_xlim(-0.5, len(groups) - 0.3)
    counts = {len(np.atleast_1d(np.asarray(values))) for values in groups.values()}
    label(axes, seeds_text(counts, "bar"), y, log_y=log_y)
    return figure


def _spread(count: int) -> NDArray[np.float64]:
    """Places beside each other for single values: even, without the order showing."""
    return np.array([0.32 * ((place * GOLDEN_RATIO + 0.5) % 1 - 0.5) for place in range(count)])


def _broken(name: str, width: int = 16) -> str:
    """A group's name over as many lines as keep neighbours apart."""
    return "\n".join(textwrap.wrap(name, width, break_long_words=False)) or name


def label(axes: Axes, x: str, y: str, *, log_x: bool = False, log_y: bool = False) -> None:
    """Name both axes and set their scales."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if log_x:
        axes.set_xscale("log")
        _plain_log_labels(axes.xaxis)
    if log_y:
        axes.set_yscale("log")
        _plain_log_labels(axes.yaxis)


def seeds_text(counts: set[int], mark: str) -> str:
    """How many runs a figure shows and what its bands or bars are."""
    if counts == {1}:
        return ""
    runs = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    return f"{runs} seeds, {mark}: 95 % t-interval"


class _PlainLogFormatter(LogFormatterSciNotation):
    """Labels where Matplotlib puts them on a logarithmic axis, written 0.01, 200, 10⁻⁶ in any font."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return number(float(f"{x:.6g}")).removeprefix("1\xa0×\xa0") if super().__call__(x, pos) else ""


def _plain_log_labels(axis: Axis) -> None:
    axis.set_major_formatter(_PlainLogFormatter())
    axis.set_minor_formatter(_PlainLogFormatter(labelOnlyBase=False, minor_thresholds=(1.0, 0.4)))
