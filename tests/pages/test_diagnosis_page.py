"""The page of a diagnosis in a real Chromium: findings first, figures seen, nothing sideways, no script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import CONTRAST, OUTSIDE, Open, opening
from playwright.sync_api import Browser

from resnetlab.pages.diagnosis_figures import by_depth, given_and_true
from resnetlab.pages.diagnosis_page import (
    DiagnosisPage,
    FindingRow,
    PageFigure,
    PageSection,
    PageTable,
    render_diagnosis,
)
from resnetlab.pages.svg import drawn

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page")]
LAYERS = tuple(f"stages.3.blocks.{at}.<b>conv{at}</b>" for at in range(9))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    findings = (
        FindingRow("no gradient", "error", LAYERS, "Measured 5,292", "these get <i>none</i>"),
        FindingRow("dead channels", "warning", ("relu",), "", "half of them are zero"),
        FindingRow("frozen", "info", (), "", "it stays as it is"),
    )
    long = tuple((f"layer{at}", "0.25") for at in range(40))
    section = PageSection(
        "signal",
        "The signal",
        "It was seen.",
        (PageFigure("depth", "By depth"), PageFigure("classes", "Classes", "As they are.")),
        (
            PageTable("Every layer", ("Layer", "Mean"), long, ("Mean",)),
            PageTable("Few", ("A", "B"), (("x", "1"),), note="Short."),
        ),
        ("it could not be recorded",),
    )
    page = DiagnosisPage(
        title="a/very/long/path/to/some/network.py:make on <u>photos</u>",
        lead="1 error and 1 warning.",
        counts={"error": 1, "warning": 1, "info": 1},
        findings=findings,
        sections=(section,),
        remarks=("Assumed: nothing.",),
        facts={"Images": "256 of 3×32×32"},
        command="resnetlab diagnose x --data y",
        version="1",
        environment={"python": "3"},
    )
    lines: dict[str, list[float | None]] = {
        "freshly drawn": [1.0, 0.5, None, 0.1, 0.0],
        "now": [1.0, 0.9, 0.8, 0.7, 0.6],
    }
    figures = {
        "depth": by_depth(lines, x="weighted layer", y="deviation", log_y=True, named={3: LAYERS[0]}),
        "classes": given_and_true([0.6, 0.4], [0.5, 0.5], ["cat", "dog"]),
    }
    file = tmp_path_factory.mktemp("page") / "report.html"
    html = render_diagnosis(page, {slug: drawn(figure, slug) for slug, figure in figures.items()})
    file.write_text(html, encoding="utf-8")
    return file


@pytest.fixture
def open_page(browser: Browser, page_file: Path) -> Iterator[Open]:
    with opening(browser, page_file) as opened:
        yield opened


def test_findings_stand_first_with_all_their_places(open_page: Open) -> None:
    page = open_page()
    rows = page.locator(".findings > li").all_inner_texts()
    titles = [title.split(":")[-1].strip() for title in page.locator(".findings h3").all_inner_texts()]
    assert titles == ["no gradient", "dead channels", "frozen"]
    assert page.locator(".findings > li").first.locator("code").count() == len(LAYERS)
    assert "the whole network" in rows[2]
    assert page.locator(".counts .count").all_inner_texts() == ["1", "1", "1"]


def test_text_that_tries_to_be_markup_is_read_as_it_is(open_page: Open) -> None:
    page = open_page()
    assert page.locator("main b, main i, h1 u").count() == 0
    assert page.get_by_text("<i>none</i>").first.is_visible()


def test_every_figure_is_seen_and_a_long_table_is_folded(open_page: Open) -> None:
    page = open_page()
    boxes = [figure.bounding_box() for figure in page.locator("figure svg").all()]
    assert len(boxes) == 2
    assert all(box is not None and min(box["width"], box["height"]) > 100 for box in boxes)
    assert not page.get_by_text("layer39").is_visible()
    page.get_by_text("Every layer: 40 rows").click()
    assert page.get_by_text("layer39").count() == 1
    assert page.get_by_text("Short.").is_visible()


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
