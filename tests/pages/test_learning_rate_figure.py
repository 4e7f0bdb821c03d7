"""The figure of a sweep shows every batch, the smoothed curve and the suggested rate."""

from __future__ import annotations

import numpy as np

from resnetlab.pages.learning_rate import learning_rate_figure
from resnetlab.pages.svg import drawn

RATES = np.geomspace(1e-5, 1, 40).tolist()
LOSSES = [2.3 - 1.5 * rate**0.5 if rate < 0.1 else 2.3 + 100 * rate for rate in RATES]


def test_the_suggested_rate_stands_on_a_logarithmic_axis_and_in_the_legend() -> None:
    figure = learning_rate_figure(RATES, LOSSES, LOSSES, 0.02)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert axes.get_ylim()[1] < 5, "where training is lost is cut off"
    assert "steepest: 0.02" in drawn(figure, "rates").words


def test_without_a_suggestion_the_curve_is_drawn_all_the_same() -> None:
    figure = learning_rate_figure(RATES, LOSSES, LOSSES, None)
    assert "steepest" not in drawn(figure, "rates").words
    assert len(figure.axes[0].lines) == 2


def test_a_sweep_that_broke_at_once_is_an_empty_figure() -> None:
    assert drawn(learning_rate_figure([], [], [], None), "rates").svg.startswith("<svg")
