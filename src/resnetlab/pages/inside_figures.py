"""What was changed inside a network, as figures: blocks removed, paths, shattered gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from resnetlab.pages.figures import COLOURS, MARKERS, TEXT_SIZE, draw_curves, label, new_figure

HEIGHT = 3.1  # inches; with two figures side by side each is wide rather than high
MOST_NAMES = 20  # blocks that are named on an axis
LONGEST_NAME = 22  # letters


def removals_figure(
    blocks: Sequence[str], accuracies: Mapping[str, Sequence[float]], levels: Mapping[str, float]
) -> Figure:
    """Accuracy without one block at a time, from input to output, and levels to compare with.

    Args:
        blocks: names.
        accuracies: manner → accuracy without each of the blocks, a share.
        levels: name → accuracy of another network, drawn across.
    """
    figure, (axes,) = new_figure(height=HEIGHT)
    places = np.arange(1, len(blocks) + 1)
    for look, (name, values) in enumerate(accuracies.items()):
        axes.plot(places, 100 * np.asarray(values), MARKERS[look], color=COLOURS[look], markersize=5, label=name)
    for dashes, (name, value) in zip(("-", ":", "-."), levels.items(), strict=False):
        axes.axhline(100 * value, color="black", linestyle=dashes, linewidth=1.1, label=name)
    label(axes, "block removed, from input to output", "right (%)")
    if len(blocks) <= MOST_NAMES:
        names = [_short(name) for name in blocks]
        slant = 0 if len("".join(names)) < 45 else 60
        axes.set_xticks(places, names, rotation=slant, ha="right" if slant else "center", rotation_mode="anchor")
        axes.set_xlabel("block removed")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _share_axis(axes)
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 1.5, loc="best")
    return figure


def several_figure(blocks: int, whole: float, accuracies: Mapping[str, Sequence[tuple[int, float]]]) -> Figure:
    """Accuracy by the number of blocks removed at random: every draw, and the mean of each number.

    Args:
        blocks: how many the network has.
        whole: accuracy with all of them, a share.
        accuracies: manner → number of blocks removed and accuracy of each draw.
    """
    figure, (axes,) = new_figure(height=HEIGHT)
    for look, (name, draws) in enumerate(accuracies.items()):
        counts = sorted({count for count, _ in draws})
        means = [np.mean([value for count, value in draws if count == one]) for one in counts]
        axes.plot([0, *counts], 100 * np.array([whole, *means]), "-", color=COLOURS[look], linewidth=1.4)
        pairs = np.array([(count, 100 * value) for count, value in draws], dtype=float).reshape(-1, 2)
        axes.plot(pairs[:, 0], pairs[:, 1], MARKERS[look], color=COLOURS[look], markersize=4.5, label=name)
    label(axes, f"blocks removed at random, of {blocks}", "right (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _share_axis(axes)
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 1.5)
    return figure


def path_shares_figure(
    gradient: Sequence[float], paths: Sequence[float], errors: Sequence[float | None] = ()
) -> Figure:
    """Share of the gradient and of the paths by path length.

    Args:
        gradient: share of the gradient of each length from 0 branches on.
        paths: share of all paths.
        errors: standard errors of the gradient's shares, drawn as bars; None where one is not known.
    """
    figure, (axes,) = new_figure(height=HEIGHT)
    lengths = list(range(len(gradient)))
    shares = {"gradient": 100 * np.asarray(gradient), "paths": 100 * np.asarray(paths)}
    draw_curves(axes, shares, lengths, every=max(1, len(lengths) // 12))
    _draw_errors(axes, shares["gradient"], [error and 100 * error for error in errors])
    label(axes, f"branches on the path, of {len(lengths) - 1}", "share of all (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    return figure


def path_norms_figure(norms: Sequence[float], errors: Sequence[float | None] = ()) -> Figure:
    """Mean norm of the gradient through one path of each length from 0 branches on.

    Args:
        norms: of each length.
        errors: standard errors, drawn as bars; None where there is a single path.
    """
    figure, (axes,) = new_figure(height=HEIGHT)
    seen = [value if value > 0 else np.nan for value in norms]
    draw_curves(axes, {"one path": seen}, list(range(len(seen))), every=max(1, len(seen) // 12))
    _draw_errors(axes, seen, errors)
    label(axes, "branches on the path", "gradient through one path", log_y=bool(np.isfinite(seen).any()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def shattering_figure(lines: Mapping[str, ArrayLike], noise: float) -> Figure:
    """Autocorrelation of the input gradient by distance, and the band of white noise.

    Args:
        lines: network → correlation at each lag from 0 on.
        noise: standard deviation that white noise would show.
    """
    figure, (axes,) = new_figure(height=HEIGHT)
    longest = max(len(np.asarray(values)) for values in lines.values())
    draw_curves(axes, lines, list(range(longest)), every=max(1, longest // 12))
    axes.axhspan(-2 * noise, 2 * noise, color="black", alpha=0.12, linewidth=0, label="white noise, ±2σ")
    label(axes, "distance, steps along the line", "correlation of the gradients")
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    return figure


def _draw_errors(axes: Axes, values: ArrayLike, errors: Sequence[float | None]) -> None:
    """Standard errors as bars in the colour of the first line; none where one is not known."""
    if errors:
        places, bars = range(len(errors)), [error or 0.0 for error in errors]
        axes.errorbar(places, values, yerr=bars, fmt="none", ecolor=COLOURS[0], capsize=2, linewidth=1)


def _share_axis(axes: Axes) -> None:
    axes.set_ylim(-3, 103)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
