"""The loss around a network's weights, and the pixels that speak for a class, as figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from resnetlab.pages.figures import COLOURS, TEXT_SIZE, draw_curves, label, new_figure

LEVELS = 14
MANY_TIMES = 1e3  # losses above the least by more are drawn as this much: the valley is what is looked at


def line_figure(steps: Sequence[float], losses: ArrayLike) -> Figure:
    """The loss along one direction; the weights are where the step is 0."""
    figure, (axes,) = new_figure(height=3.1)
    values = _visible(losses)
    spread = values.max() / max(values.min(), 1e-12)
    draw_curves(axes, {"loss": values}, list(steps), every=max(1, len(steps) // 12))
    axes.axvline(0, color="black", linewidth=0.8, alpha=0.5)
    label(axes, "step, 1 is as long as the weights", "loss (nats)", log_y=spread > 30)
    return figure


def plane_figure(steps: Sequence[float], losses: ArrayLike) -> Figure:
    """The loss over two directions, as lines of equal height on a logarithmic scale; the weights are the cross."""
    figure, (axes,) = new_figure(width=5.2, height=4.2)
    values = _visible(losses)
    least, most = values.min(), values.max()
    levels = np.geomspace(least, most, LEVELS) if most > least * 1.001 else None
    if levels is not None:
        filled = axes.contourf(steps, steps, values, levels=levels, cmap="viridis_r", norm=LogNorm(least, most))
        axes.contour(steps, steps, values, levels=levels, colors="white", linewidths=0.4)
        bar = figure.colorbar(filled, label="loss (nats)", ticks=levels[::3], format="%.2g")
        bar.minorticks_off()
    axes.plot(0, 0, "+", color=COLOURS[1], markersize=11, markeredgewidth=2)
    axes.grid(visible=False)
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    label(axes, "first direction", "second direction")
    return figure


def attribution_figure(
    images: ArrayLike, titles: Sequence[str], rows: Sequence[tuple[str, Sequence[NDArray[np.float64]], bool]]
) -> Figure:
    """A column for each image: the image, and under it what each way of looking says of its pixels.

    Args:
        images: (N, H, W, 3), in 0 to 1.
        titles: above each column.
        rows: name, a map (h, w) for each image, and whether it has a sign.
    """
    shown = np.asarray(images, dtype=float)
    count, height, width = shown.shape[:3]
    figure = Figure(figsize=(1.1 * count + 0.4, 1.15 * (1 + len(rows)) + 0.3), layout="constrained")
    axes = figure.subplots(1 + len(rows), count, squeeze=False)
    for column in range(count):
        axes[0][column].imshow(shown[column], interpolation="nearest")
        axes[0][column].set_title(titles[column], fontsize=TEXT_SIZE - 2)
        for row, (_, maps, has_sign) in enumerate(rows, start=1):
            values = np.asarray(maps[column], dtype=float)
            most = max(float(np.abs(values).max()), 1e-12)
            if not has_sign:
                axes[row][column].imshow(shown[column].mean(axis=-1), cmap="gray", vmin=0, vmax=1)
            axes[row][column].imshow(
                values,
                cmap="RdBu_r" if has_sign else "inferno",
                vmin=-most if has_sign else 0,
                vmax=most,
                alpha=1.0 if has_sign else 0.65,
                extent=(-0.5, width - 0.5, height - 0.5, -0.5),
                interpolation="nearest" if has_sign else "bilinear",
            )
    for row, name in enumerate(("image", *(name for name, _, _ in rows))):
        axes[row][0].set_ylabel(name.replace(" ", "\n"), fontsize=TEXT_SIZE - 1)
    for one in axes.flat:
        one.set_xticks([])
        one.set_yticks([])
        one.spines[:].set_visible(False)
    return figure


def _visible(losses: ArrayLike) -> NDArray[np.float64]:
    """Losses above zero and below a ceiling, which stands for what is infinite too."""
    values = np.asarray(losses, dtype=float)
    finite = values[np.isfinite(values)]
    least = max(float(finite.min()) if finite.size else 1.0, 1e-6)
    return np.clip(np.nan_to_num(values, nan=np.inf), least, least * MANY_TIMES)
