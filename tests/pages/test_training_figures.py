"""The figures of a training show the numbers of its records, with units, legible without colour."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from resnetlab.pages.svg import drawn
from resnetlab.pages.training_figures import probe_figures, training_figures
from run_folders import probe


def rows(**columns: Any) -> list[dict[str, Any]]:
    count = len(columns["train_loss"])
    plain = {
        "epoch": range(1, count + 1),
        "step": range(10, 10 * count + 1, 10),
        "lr": [0.1] * count,
        "validation_loss": [None] * count,
        "validation_top1": [None] * count,
        "images_per_second": [100.0] * count,
        "best": [False] * count,
    } | columns
    return [dict(zip(plain, values, strict=True)) for values in zip(*plain.values(), strict=True)]


def line(figure: Figure, name: str) -> tuple[list[float], list[float]]:
    """Places and values of the line of this name."""
    found = next(one for one in figure.axes[0].get_lines() if one.get_label() == name)
    return np.asarray(found.get_xdata()).tolist(), np.asarray(found.get_ydata()).tolist()


def test_every_epoch_stands_in_its_place_with_its_losses() -> None:
    figures = training_figures(rows(train_loss=[2.0, 1.5, 1.2], validation_loss=[2.5, 2.0, 1.9]), [])
    assert line(figures["loss"], "training") == ([1, 2, 3], [2.0, 1.5, 1.2])
    assert line(figures["loss"], "validation") == ([1, 2, 3], [2.5, 2.0, 1.9])


def test_single_steps_stand_behind_them_on_the_same_scale_of_epochs() -> None:
    steps = [{"step": step, "loss": 3.0 - step / 10, "lr": step / 100} for step in (5, 10, 15)]
    figures = training_figures(rows(train_loss=[2.0, 1.5], lr=[0.10, 0.20]), steps)
    assert line(figures["loss"], "single steps") == ([0.5, 1.0, 1.5], [2.5, 2.0, 1.5])
    assert line(figures["learning-rate"], "learning rate") == ([0.5, 1.0, 1.0, 1.5, 2.0], [0.05, 0.1, 0.1, 0.15, 0.2])


def test_the_best_epoch_is_marked() -> None:
    epochs = rows(train_loss=[2.0, 1.5, 1.2], validation_top1=[50.0, 60.5, 60.0], best=[True, True, False])
    figure = training_figures(epochs, [])["accuracy"]
    assert line(figure, "best: epoch 2, 60.50 %") == ([2], [60.5])
    assert "best: epoch 2, 60.50 %" in drawn(figure, "accuracy").words


def test_without_validation_nothing_is_drawn_of_it() -> None:
    figures = training_figures(rows(train_loss=[2.0, 1.5]), [])
    assert "accuracy" not in figures
    with pytest.raises(StopIteration):
        line(figures["loss"], "validation")


@pytest.mark.parametrize(("losses", "scale"), [([2.0, 1.0, 0.5], "linear"), ([2.0, 0.1, 0.01], "log")])
def test_a_loss_that_falls_far_is_drawn_on_a_logarithmic_axis(losses: list[float], scale: str) -> None:
    assert training_figures(rows(train_loss=losses), [])["loss"].axes[0].get_yscale() == scale


@pytest.mark.parametrize("epochs", [1, 2, 300])
def test_any_number_of_epochs_can_be_drawn(epochs: int) -> None:
    steps = [{"step": step, "loss": 1.0, "lr": 0.1} for step in range(1, 10 * epochs + 1)]
    validated = {"validation_loss": [1.0] * epochs, "validation_top1": [50.0] * epochs}
    for slug, figure in training_figures(rows(train_loss=[1.0] * epochs, **validated), steps).items():
        drawing = drawn(figure, slug)
        assert len(drawing.svg) < 200_000
        assert drawing.words


def test_a_loss_that_was_not_finite_leaves_a_gap() -> None:
    figures = training_figures(rows(train_loss=[2.0, None, 1.0], validation_loss=[math.inf, 1.0, 1.0]), [])
    assert math.isnan(line(figures["loss"], "training")[1][1])
    drawn(figures["loss"], "loss")


def test_lines_differ_by_marker_and_dash_and_axes_have_units() -> None:
    figures = training_figures(rows(train_loss=[2.0, 1.0], validation_loss=[2.0, 1.0]), [])
    lines = [one for one in figures["loss"].axes[0].get_lines() if one.get_marker() != "None"]
    assert len({(one.get_marker(), one.get_linestyle()) for one in lines}) == len(lines) == 2
    assert figures["loss"].axes[0].get_ylabel() == "loss (nats)"


def test_probes_are_drawn_by_depth_at_the_first_the_middle_and_the_last() -> None:
    figures = probe_figures([probe(step) for step in (1, 2, 4, 8, 16)])
    assert line(figures["gradient-by-depth"], "step 1") == ([1, 2], [3.0, 4.0])
    assert line(figures["gradient-by-depth"], "step 4") == ([1, 2], [0.75, 1.0])
    assert line(figures["signal-by-depth"], "step 16") == ([1, 2], [8.0, 32.0])
    assert line(figures["dead-by-depth"], "step 1") == ([1], [12.5])  # per cent


def test_the_norm_of_all_weights_is_the_root_of_the_sum_of_squares() -> None:
    figures = probe_figures([probe(step) for step in (1, 2)])
    assert line(figures["gradient-over-steps"], "all weights") == ([1, 2], [5.0, 2.5])  # 3, 4, 5


def test_a_network_without_relu_or_with_one_probe_is_drawn_too() -> None:
    bare = probe(1)
    bare["layers"] = [row for row in bare["layers"] if row["kind"] != "ReLU"]
    figures = probe_figures([bare])
    assert "dead-by-depth" not in figures
    assert all(drawn(figure, slug).words for slug, figure in figures.items())
