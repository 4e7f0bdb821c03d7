"""Figures as files: their own names, the same bytes each time, colours that follow the page, and words."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from resnetlab.pages.alternatives import figure_words
from resnetlab.pages.figures import INK, curves, new_figure, strips
from resnetlab.pages.svg import drawn, figure_svg
from resnetlab.pages.tables import table

LOSSES = {"plain-20": [[2.0, 1.0, 0.5], [2.2, 1.1, 0.3]], "plain-56": [[2.3, 2.1, 2.0], [2.3, 2.2, 2.1]]}


def image() -> Figure:
    figure, (axes,) = new_figure()
    shades = axes.imshow(np.arange(6.0).reshape(2, 3), cmap="Greys")
    axes.text(0, 0, "in the cell", color=INK)
    figure.colorbar(shades, label="share of paths (%)")
    return figure


def bars() -> Figure:
    figure, (axes,) = new_figure()
    axes.barh(["option A", "option B"], [269.722, 272.474])
    axes.set_xlabel("thousand parameters")
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    "curves": lambda: curves(LOSSES, x="epoch", y="training loss", log_y=True),
    "strips": lambda: strips({"plain": [1.0, 2.0], "residual": [0.0, 0.5]}, y="error (points)", threshold=0.75),
    "table": lambda: table(("block", "weights"), [("basic", "1,179,648"), ("bottleneck", "69,632")]),
    "image": image,
    "bars": bars,
}


@pytest.fixture(params=FIGURES)
def make(request: pytest.FixtureRequest) -> Callable[[], Figure]:
    return FIGURES[request.param]


def test_names_in_one_figure_are_never_those_of_another(make: Callable[[], Figure]) -> None:
    one, other = (set(re.findall(r'\bid="([^"]+)"', figure_svg(make(), slug))) for slug in ("one", "other"))
    assert not one & other
    assert all(name.startswith("one--") for name in one)


def test_every_reference_finds_its_name(make: Callable[[], Figure]) -> None:
    svg = figure_svg(make(), "one")
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    assert used == set(re.findall(r'\bid="([^"]+)"', svg))


def test_the_same_figure_gives_the_same_bytes(make: Callable[[], Figure]) -> None:
    assert drawn(make(), "one") == drawn(make(), "one")


def test_nothing_in_it_reaches_the_page_or_the_network(make: Callable[[], Figure]) -> None:
    svg = figure_svg(make(), "one")
    assert not re.search(r"<style|style=|<script|<metadata|(?<!xmlns=\")(?<!xmlns:xlink=\")https?://", svg)
    ElementTree.fromstring(svg)


def test_black_becomes_the_colour_of_the_text_around_it(make: Callable[[], Figure]) -> None:
    svg = figure_svg(make(), "one")
    assert "currentColor" in svg
    assert not re.search(r'"(#000000|black)"', svg)


def test_what_stands_on_a_filled_cell_keeps_its_ink() -> None:
    assert re.search(f'fill="{INK}"[^>]*>in the cell|fill="{INK}".*in the cell', figure_svg(image(), "one"))


def test_the_png_can_be_read_and_stands_on_white() -> None:
    picture = Image.open(io.BytesIO(drawn(FIGURES["curves"](), "one").png)).convert("RGB")
    assert picture.width > 800
    assert picture.getpixel((0, 0)) == (255, 255, 255)


WORDS = {
    "curves": (
        "training loss (logarithmic) against epoch.",
        "plain-20: from 2.1 at 1 to 0.4 at 3, throughout between 0.4 and 2.1.",
        "plain-56: from 2.3 at 1 to 2.05 at 3",
    ),
    "strips": ("plain: 2 values, between 1 and 2.", "residual: 2 values, between 0 and 0.5.", "0.75: level at 0.75."),
    "table": ("block | weights. basic | 1,179,648. bottleneck | 69,632.",),
    "image": ("An image of 2 × 3 values, between 0 and 5.", "The shades show share of paths (%)."),
    "bars": ("thousand parameters. option A: 270. option B: 272.",),
}


@pytest.mark.parametrize(("name", "said"), WORDS.items(), ids=WORDS)
def test_words_say_what_the_figure_shows(name: str, said: tuple[str, ...]) -> None:
    words = drawn(FIGURES[name](), "one").words
    for sentence in said:
        assert sentence in words


def test_a_figure_without_anything_says_nothing() -> None:
    assert figure_words(Figure()) == ""
