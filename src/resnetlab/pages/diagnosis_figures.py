"""What a diagnosis saw as figures: a quantity by depth at two times, and what the head gives beside what it should."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resnetlab.pages.figures import COLOURS, TEXT_SIZE, draw_curves, label, new_figure

HEIGHT = 3.1  # inches; with two figures side by side each is wide rather than high
MOST_BARS = 20  # classes in a figure


def by_depth(
    lines: Mapping[str, Sequence[float | None]],
    *,
    x: str,
    y: str,
    log_y: bool = False,
    named: Mapping[int, str] | None = None,
) -> Figure:
    """A quantity along the network, a line for each time at which it was looked at.

    Args:
        lines: time → a value for each layer from input to output; None leaves a gap.
        x: what the places are, as "weighted layer".
        y: the quantity, with its unit.
        log_y: logarithmic axis; what is not above zero leaves a gap.
        named: place, from 0 → name of a layer that a rule named; it is marked.
    """
    figure, (axes,) = new_figure(height=HEIGHT)
    drawn = {name: _gaps(values, log_y) for name, values in lines.items()}
    longest = max((len(values) for values in drawn.values()), default=0)
    draw_curves(axes, drawn, every=max(1, longest // 20))
    label(axes, x, y, log_y=log_y)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for place, name in (named or {}).items():
        axes.axvline(place + 1, color=COLOURS[1], alpha=0.45, linewidth=1.0)
        axes.annotate(name, (place + 1, 1.0), xycoords=("data", "axes fraction"), rotation=90, va="top", ha="right",
                      fontsize=TEXT_SIZE - 2)  # fmt: skip
    if len(drawn) > 1:
        axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    return figure


def given_and_true(given: Sequence[float], true: Sequence[float], names: Sequence[str]) -> Figure:
    """Mean probability of each class beside its share of the labels; of many classes those that differ most.

    Args:
        given: mean probabilities.
        true: shares of the labels.
        names: of the classes.
    """
    apart = np.abs(np.asarray(given) - np.asarray(true))
    shown = np.sort(np.argsort(-apart, kind="stable")[:MOST_BARS])
    figure, (axes,) = new_figure(height=HEIGHT)
    places = np.arange(len(shown))
    axes.bar(places - 0.2, 100 * np.asarray(given)[shown], 0.36, color=COLOURS[0], label="mean probability")
    axes.bar(places + 0.2, 100 * np.asarray(true)[shown], 0.36, color=COLOURS[4], hatch="//", edgecolor="black",
             linewidth=0.4, label="share of the labels")  # fmt: skip
    axes.set_xticks(places, [names[at][:14] for at in shown], rotation=0 if len(shown) <= 10 else 60)
    axes.grid(visible=False, axis="x")
    label(axes, "class", "per cent")
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    return figure


def _gaps(values: Sequence[float | None], log_y: bool) -> list[float]:
    return [
        math.nan if value is None or not math.isfinite(value) or (log_y and value <= 0) else value for value in values
    ]
