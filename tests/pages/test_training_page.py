"""The page of a training in a real Chromium: it shows its numbers and figures, in the dark, on a phone, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import CONTRAST, OUTSIDE, Open, luminance, opening
from playwright.sync_api import Browser

from resnetlab.actions.runs.report import write_report
from run_folders import CLASSES, write_run

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page")]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(write_run(tmp_path_factory.mktemp("run") / "a run"))


@pytest.fixture
def open_page(browser: Browser, page_file: Path) -> Iterator[Open]:
    with opening(browser, page_file) as opened:
        yield opened


def test_every_figure_is_seen(open_page: Open) -> None:
    page = open_page()
    boxes = [figure.bounding_box() for figure in page.locator("figure svg").all()]
    assert len(boxes) == 9  # four of the course, four of the probes, the confusion matrix
    assert all(box is not None and min(box["width"], box["height"]) > 100 for box in boxes)


def test_text_that_tries_to_be_markup_is_read_as_it_is(open_page: Open) -> None:
    page = open_page()
    for text in ("<i>photos</i>", "<script>alert(1)</script>", "<u>images</u>", "<b>dog</b>"):
        assert page.get_by_text(text).first.is_visible()
    assert page.locator("main b, main i, main u").count() == 0


def test_classes_stand_from_the_worst_to_the_best_with_what_they_are_taken_for(open_page: Open) -> None:
    rows = open_page().locator(".classes tbody tr").all_inner_texts()
    cells = [[cell.strip() for cell in row.split("\t") if cell.strip()] for row in rows]
    assert cells == [
        [CLASSES[2], "10", "30.00 %", "cat (5)"],
        ["cat", "10", "80.00 %", "<b>dog</b> (2)"],
        ["<b>dog</b>", "10", "90.00 %", "鳥 (1)"],
        ["鳥", "0", "–", "–"],
    ]


@pytest.mark.parametrize("width", [360, 700, 1200])
def test_no_window_scrolls_sideways(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    page.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 80
    assert [text for text in ratios if text[1] < 4.5] == []


def test_dark_mode_is_light_text_on_dark(open_page: Open) -> None:
    dark, light = open_page(color_scheme="dark"), open_page(color_scheme="light")
    assert luminance(dark, "backgroundColor") < 0.05 < 0.6 < luminance(dark, "color")
    assert luminance(light, "color") < 0.05 < 0.6 < luminance(light, "backgroundColor")


def test_names_beside_the_title_do_not_run_into_their_text(open_page: Open) -> None:
    overflowing = open_page().eval_on_selector_all(
        ".facts dt", "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"
    )
    assert overflowing == []


def test_controls_have_names_and_regions_too(open_page: Open) -> None:
    page = open_page()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("a, summary, [role=region], svg[role=img]")]
            .filter(e => !(e.getAttribute("aria-label") || e.textContent.trim())).length"""
    )
    assert unnamed == 0
    assert [page.locator(landmark).count() for landmark in ("header", "main", "footer")] == [1, 1, 1]
