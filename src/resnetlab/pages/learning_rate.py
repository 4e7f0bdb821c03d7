"""The loss over learning rates, as the sweep of the finder gives it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from resnetlab.pages.figures import COLOURS, TEXT_SIZE, label, new_figure
from resnetlab.pages.numbers import number

ROOM = 1.15  # of the first loss: what lies above is where training was lost already


def learning_rate_figure(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float | None
) -> Figure:
    """Every step's loss as a dot, the smoothed loss as a line, and the suggested rate.

    Args:
        rates: of each step.
        losses: of each step's batch.
        smoothed: the same without noise.
        suggestion: a rate; None where there is none.
    """
    figure, (axes,) = new_figure()
    axes.plot(rates, losses, "o", color=COLOURS[0], markersize=3.5, alpha=0.45, linewidth=0, label="a batch")
    axes.plot(rates, smoothed, color=COLOURS[1], linewidth=1.8, label="smoothed")
    if suggestion is not None:
        axes.axvline(suggestion, color="black", linestyle=":", linewidth=1.2, label=f"steepest: {number(suggestion)}")
    label(axes, "learning rate", "training loss (nats)", log_x=True)
    if losses:
        spread = max(losses[0] - min(losses), 0.1 * abs(losses[0]))
        axes.set_ylim(min(losses) - 0.05 * spread, max(losses[0] * ROOM, min(losses) + 1.3 * spread))
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    return figure
