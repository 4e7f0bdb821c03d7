"""What a classifier takes for what, as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from resnetlab.core.terminal import on_one_line
from resnetlab.pages.figures import INK, PAPER, TEXT_SIZE, label, new_figure

MOST_NUMBERS = 20  # classes up to which every cell's share is written into it
MOST_NAMES = 60  # classes up to which they are named on the axes
LONGEST_NAME = 24  # letters
DARK = 55.0  # per cent, from where paper is easier to read on a cell than ink


def confusion_figure(counts: ArrayLike, classes: Sequence[str]) -> Figure:
    """A shaded square for each pair of classes: the share of the true class's images that was taken for the other.

    Args:
        counts: (classes, classes), images by true class (rows) and predicted class (columns).
        classes: names in that order.
    """
    images = np.asarray(counts, dtype=float)
    shares = 100 * images / np.maximum(images.sum(axis=1, keepdims=True), 1)
    side = 6.4 if len(classes) <= MOST_NUMBERS else 8.0
    figure, (axes,) = new_figure(side, side * 0.9)
    axes.grid(visible=False)
    shades = axes.imshow(shares, cmap="Greys", vmin=0, vmax=100)
    label(axes, "predicted class", "true class")
    _name_classes(axes, classes)
    if len(classes) <= MOST_NUMBERS:
        _write_shares(axes, shares)
    figure.colorbar(shades, label="share of the true class (%)", shrink=0.8)
    return figure


def _name_classes(axes: Axes, classes: Sequence[str]) -> None:
    if len(classes) > MOST_NAMES:
        label(axes, "predicted class, by its number", "true class, by its number")
        return
    names = [_short(name) for name in classes]
    size = TEXT_SIZE - 1 if len(classes) <= MOST_NUMBERS else TEXT_SIZE - 4.5
    slant = 0 if max(map(len, names)) <= 2 else 60
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set_xticks(range(len(names)), names, fontsize=size, rotation=slant, ha="right" if slant else "center")
    if slant:
        for text in axes.get_xticklabels():
            text.set_rotation_mode("anchor")


def _write_shares(axes: Axes, shares: NDArray[np.float64]) -> None:
    """A per cent in every cell that has one; small enough for all columns to fit."""
    size = min(TEXT_SIZE - 1.5, 90 / len(shares))
    for (row, column), share in np.ndenumerate(shares):
        if share > 0.5:
            ink = PAPER if share >= DARK else INK
            axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=size, color=ink)


def _short(name: str) -> str:
    """One line, without what Matplotlib would read as a formula."""
    text = on_one_line(" ".join(name.split()))
    return (text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…").replace("$", r"\$")
