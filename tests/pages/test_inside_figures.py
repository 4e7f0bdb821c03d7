"""The figures of what was changed inside a network show what they are given, and survive what is infinite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.contour import ContourSet

from resnetlab.pages.alternatives import figure_words
from resnetlab.pages.inside_figures import path_norms_figure, removals_figure, several_figure, shattering_figure
from resnetlab.pages.landscape_figures import attribution_figure, line_figure, plane_figure
from resnetlab.pages.svg import figure_svg

STEPS = (-1.0, 0.0, 1.0)


def test_each_removed_block_has_its_accuracy_and_its_name() -> None:
    figure = removals_figure(["layer1.0", "layer1.1"], {"as it stands": [0.5, 0.25]}, {"all blocks": 1.0})
    (axes,) = figure.axes
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == [50, 25]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["layer1.0", "layer1.1"]


def test_the_mean_over_the_draws_begins_at_the_whole_network() -> None:
    (axes,) = several_figure(4, 1.0, {"as it stands": [(2, 0.5), (2, 0.7), (1, 0.9)]}).axes
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [0, 1, 2]
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == pytest.approx([100, 90, 60])


def test_a_plane_shows_infinite_losses_as_its_ceiling() -> None:
    figure = plane_figure(STEPS, [[math.inf, 2.0, 5.0], [3.0, 0.5, math.nan], [9.0, 1.0, 4.0]])
    assert "nan" not in figure_svg(figure, "plane").lower()
    filled = figure.axes[0].collections[0]
    assert isinstance(filled, ContourSet)
    levels = list(filled.levels)
    assert (levels[0], levels[-1]) == pytest.approx((0.5, 500))


@pytest.mark.parametrize("losses", [[1.0, 1.0, 1.0], [math.inf] * 3, [0.0, 0.0, 5.0]])
def test_a_line_is_drawn_whatever_the_losses(losses: list[float]) -> None:
    assert figure_svg(line_figure(STEPS, losses), "line").startswith("<")
    assert figure_svg(plane_figure(STEPS, [losses] * 3), "plane").startswith("<")


def test_paths_without_gradient_leave_a_gap() -> None:
    (axes,) = path_norms_figure([1.0, 0.1, 0.0]).axes
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, False, True]
    assert figure_svg(path_norms_figure([0.0, 0.0]), "norms").startswith("<")


def test_noise_is_a_band() -> None:
    figure = shattering_figure({"the network": (1.0, 0.5), "its skips cut": (1.0, 0.1)}, 0.02)
    assert "correlation of the gradients" in figure_words(figure)


def test_a_column_for_each_image() -> None:
    maps = [np.array([[0.0, 1.0]]), np.array([[-1.0, 0.0]])]
    figure = attribution_figure(
        np.zeros((2, 4, 4, 3)), ["a", "b"], [("Grad-CAM", maps, False), ("pixels", maps, True)]
    )
    assert len(figure.axes) == 6
    assert figure.axes[0].get_title() == "a"
