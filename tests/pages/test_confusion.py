"""The figure of what a classifier takes for what: readable cells, names that fit, hundreds of classes."""

from __future__ import annotations

import numpy as np
import pytest

from resnetlab.pages.confusion import confusion_figure
from resnetlab.pages.svg import drawn


def test_every_cell_shows_its_share_of_the_true_class() -> None:
    figure = confusion_figure([[3, 1], [0, 50]], ("cat", "dog"))
    (axes, _) = figure.axes
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {
        ((0, 0), "75"),
        ((1, 0), "25"),
        ((1, 1), "100"),
    }
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cat", "dog"]
    assert "share of the true class (%)" in drawn(figure, "confusion").words


def test_a_class_without_images_has_an_empty_row() -> None:
    figure = confusion_figure([[0, 0], [1, 1]], ("cat", "dog"))
    assert np.array_equal(figure.axes[0].get_images()[0].get_array(), [[0, 0], [50, 50]])


@pytest.mark.parametrize("classes", [2, 20, 21, 60, 61, 1000])
def test_any_number_of_classes_can_be_drawn(classes: int) -> None:
    counts = np.random.default_rng(0).integers(0, 9, (classes, classes))
    drawing = drawn(confusion_figure(counts, [f"a class of number {at}" for at in range(classes)]), "confusion")
    assert drawing.svg.startswith("<svg")
    assert len(drawing.svg) < 2_000_000


def test_names_that_try_to_be_markup_stay_names() -> None:
    names = ("$x^2$", "<b>&", "two\nlines", "a name much longer than any axis has room for")
    svg = drawn(confusion_figure(np.eye(4), names), "confusion").svg
    assert "&lt;b&gt;&amp;" in svg
    assert "$x^2$" in svg
    assert "two lines" in svg
    assert "a name much longer than…" in svg
