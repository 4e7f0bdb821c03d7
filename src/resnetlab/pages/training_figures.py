"""A training as figures: losses, accuracy and learning rate over the epochs; signal and gradients by depth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from resnetlab.pages.figures import COLOURS, TEXT_SIZE, draw_curves, label, new_figure
from resnetlab.pages.numbers import number

Rows = Sequence[Mapping[str, Any]]

MANY_TIMES = 30.0  # a curve that falls by more is drawn on a logarithmic axis
MOST_STEPS = 2_000  # single steps in a figure; of more an even share is drawn
MOST_PROBES = 3  # lines in a figure by depth
NORMS = ("BatchNorm", "GroupNorm", "LayerNorm", "InstanceNorm", "SynchronisedNorm")
HEIGHT = 3.1  # inches; with two figures side by side each is wide rather than high


def training_figures(epochs: Rows, steps: Rows) -> dict[str, Figure]:
    """Slug → figure: "loss", "accuracy" where there was validation, "learning-rate", "speed".

    Args:
        epochs: rows of summary.csv, at least one.
        steps: lines of metrics.jsonl that are of steps.
    """
    figures = {"loss": loss_figure(epochs, steps)}
    if any(row["validation_top1"] is not None for row in epochs):
        figures["accuracy"] = accuracy_figure(epochs)
    return figures | {"learning-rate": rate_figure(epochs, steps), "speed": speed_figure(epochs)}


def loss_figure(epochs: Rows, steps: Rows) -> Figure:
    """Mean training loss of each epoch, the validation loss, and behind them the loss of single steps."""
    figure, (axes,) = new_figure(height=HEIGHT)
    drawn = _even_share(steps)
    if len(drawn) > 1:
        places = [row["step"] / _steps_per_epoch(epochs) for row in drawn]
        axes.plot(places, _column(drawn, "loss"), color=COLOURS[6], alpha=0.6, linewidth=0.8, label="single steps")
    lines = {"training": _column(epochs, "train_loss"), "validation": _column(epochs, "validation_loss")}
    _draw(axes, {name: values for name, values in lines.items() if np.isfinite(values).any()}, epochs)
    seen = np.concatenate([*lines.values()])
    seen = seen[np.isfinite(seen)]
    falls = bool(seen.size and seen.min() > 0 and seen.max() / seen.min() > MANY_TIMES)
    _finish(axes, "loss (nats)", log_y=falls)
    return figure


def accuracy_figure(epochs: Rows) -> Figure:
    """Top-1 on the validation images, and which epoch was the best."""
    figure, (axes,) = new_figure(height=HEIGHT)
    _draw(axes, {"validation": _column(epochs, "validation_top1")}, epochs)
    best = [row for row in epochs if row["best"] and row["validation_top1"] is not None]
    if best:
        last = best[-1]
        words = f"best: epoch {number(last['epoch'])}, {last['validation_top1']:.2f} %"
        place = ([last["epoch"]], [last["validation_top1"]])
        axes.plot(*place, "o", color="black", fillstyle="none", markersize=10, markeredgewidth=1.3, label=words)
    _finish(axes, "top-1 (%)")
    return figure


def rate_figure(epochs: Rows, steps: Rows) -> Figure:
    """The learning rate, step by step where steps were recorded."""
    figure, (axes,) = new_figure(height=HEIGHT)
    drawn = _even_share(steps)
    rows = sorted([*drawn, *epochs], key=lambda row: row["step"])
    places = [row["step"] / _steps_per_epoch(epochs) for row in rows]
    axes.plot(places, _column(rows, "lr"), color=COLOURS[0], linewidth=1.6, label="learning rate")
    _finish(axes, "learning rate", legend=False)
    axes.set_ylim(bottom=0)
    return figure


def speed_figure(epochs: Rows) -> Figure:
    """Images a second in each epoch: what else the machine did meanwhile shows here."""
    figure, (axes,) = new_figure(height=HEIGHT)
    _draw(axes, {"training": _column(epochs, "images_per_second")}, epochs)
    _finish(axes, "images a second", legend=False)
    axes.set_ylim(bottom=0)
    return figure


def probe_figures(probes: Rows) -> dict[str, Figure]:
    """Slug → figure of what the probes saw: gradients over the steps and by depth, spread and dead units by depth.

    Args:
        probes: lines of probes.jsonl, at least one.
    """
    weighted = [_with_weights(row["layers"]) for row in probes]
    chosen = sorted({0, len(probes) // 2, len(probes) - 1})[-MOST_PROBES:]
    names = [f"step {number(probes[at]['step'])}" for at in chosen]
    relus = {name: _column(_relus(probes[at]["layers"]), "dead") * 100 for name, at in zip(names, chosen, strict=True)}
    by_depth = "convolution or linear layer, from input to output"
    figures = {"gradient-over-steps": _norm_figure(probes, weighted)}
    for slug, key, y, log in (
        ("gradient-by-depth", "parameter_gradient", "gradient norm of the weights", True),
        ("signal-by-depth", "std", "standard deviation of the output", True),
    ):
        lines = {name: _column(weighted[at], key) for name, at in zip(names, chosen, strict=True)}
        figures[slug] = _depth_figure(lines, by_depth, y, log_y=log)
    if any(len(values) for values in relus.values()):
        figures["dead-by-depth"] = _depth_figure(relus, "ReLU, from input to output", "units that are zero (%)")
    return figures


def _norm_figure(probes: Rows, weighted: Sequence[Rows]) -> Figure:
    figure, (axes,) = new_figure(height=HEIGHT)
    norms = [math.hypot(*np.nan_to_num(_column(layers, "parameter_gradient"))) for layers in weighted]
    many = max(1, len(norms) // 12)
    draw_curves(axes, {"all weights": norms}, _column(probes, "step").tolist(), every=many)
    label(axes, "step", "gradient norm of all weights", log_y=min(norms) > 0)
    return figure


def _depth_figure(lines: Mapping[str, Any], x: str, y: str, *, log_y: bool = False) -> Figure:
    figure, (axes,) = new_figure(height=HEIGHT)
    most = max(len(values) for values in lines.values())
    values = np.concatenate([*lines.values()])
    draw_curves(axes, lines, every=max(1, most // 16))
    label(axes, x, y, log_y=log_y and bool((values[np.isfinite(values)] > 0).all()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    return figure


def _with_weights(layers: Rows) -> list[Mapping[str, Any]]:
    """Convolutions and linear layers that learn, each once."""
    return [
        row
        for row in layers
        if row["parameter_gradient"] is not None and "(call " not in row["name"] and not _is_norm(row["kind"])
    ]


def _relus(layers: Rows) -> list[Mapping[str, Any]]:
    return [row for row in layers if row["kind"] in ("ReLU", "ReLU6")]


def _is_norm(kind: str) -> bool:
    return any(name in kind for name in NORMS)


def _draw(axes: Axes, lines: Mapping[str, Any], epochs: Rows) -> None:
    """Lines over the epochs, with a marker at a dozen of them."""
    draw_curves(axes, lines, _column(epochs, "epoch").tolist(), every=max(1, len(epochs) // 12))


def _finish(axes: Axes, y: str, *, log_y: bool = False, legend: bool = True) -> None:
    label(axes, "epoch", y, log_y=log_y)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if legend:
        axes.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)


def _steps_per_epoch(epochs: Rows) -> float:
    return float(epochs[0]["step"] / epochs[0]["epoch"])


def _even_share(steps: Rows) -> Rows:
    return steps[:: max(1, math.ceil(len(steps) / MOST_STEPS))]


def _column(rows: Rows, key: str) -> Any:
    """Numbers, with nan where there is none."""
    return np.array([math.nan if row[key] is None else row[key] for row in rows], dtype=float)
