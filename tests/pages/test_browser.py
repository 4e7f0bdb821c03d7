"""The page in a real Chromium: it filters, opens, prints, follows dark mode, fits a phone, and asks nobody anything.

Where there is no browser these tests skip; RESNETLAB_REQUIRE_BROWSER=1 makes that a failure.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CONTRAST, OUTSIDE, Open, luminance, opening, picture
from PIL import Image
from playwright.sync_api import Browser, Page

from resnetlab.experiments.lab import LabResult

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page")]

MEGABYTE = 1 << 20


@pytest.fixture
def open_page(browser: Browser, laboratory: LabResult) -> Iterator[Open]:
    with opening(browser, laboratory.page) as opened:
        yield opened


def shown(page: Page) -> list[str]:
    """Slugs of the claims in the table, in their order."""
    return page.eval_on_selector_all(
        ".claim", "claims => claims.filter(c => c.checkVisibility()).map(c => c.dataset.claim)"
    )


def open_all(page: Page) -> None:
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("button", name="Close all").wait_for()


def test_it_is_one_file_under_four_megabytes(laboratory: LabResult, open_page: Open) -> None:
    assert laboratory.page.stat().st_size < 4 * MEGABYTE
    open_page()


FILTERS = {
    "verdict": ({"Verdict": "inconclusive"}, lambda claim: claim["verdict"] == "inconclusive"),
    "kind": ({"Kind": "exact"}, lambda claim: "exact" in claim["kind"]),
    "the other kind of a claim with two": ({"Kind": "trains"}, lambda claim: "trains" in claim["kind"]),
    "source": ({"Source": "Veit et al. 2016"}, lambda claim: claim["source"].startswith("Veit et al. 2016")),
    "all three": (
        {"Verdict": "does not hold", "Kind": "exact", "Source": "He et al. 2015"},
        lambda claim: claim["slug"] == "bottleneck_cost",
    ),
    "nothing": ({"Verdict": "reversed", "Kind": "exact"}, lambda claim: False),
}


@pytest.mark.parametrize(("chosen", "kept"), FILTERS.values(), ids=FILTERS)
def test_the_table_filters_and_counts(
    open_page: Open, results: dict[str, Any], chosen: dict[str, str], kept: Callable[[dict[str, Any]], bool]
) -> None:
    page = open_page()
    for name, value in chosen.items():
        page.get_by_label(name, exact=True).select_option(value)
    expected = [claim["slug"] for claim in results["claims"] if kept(claim)]
    assert shown(page) == expected
    assert page.get_by_role("status").inner_text() == f"{len(expected)} of {len(results['claims'])} claims"
    assert page.get_by_text("No claim answers to all of these").is_visible() is (not expected)
    page.get_by_role("button", name="Reset").click()
    assert shown(page) == [claim["slug"] for claim in results["claims"]]


def test_the_filter_is_worked_by_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Verdict", exact=True).focus()
    page.keyboard.type("rev")
    page.keyboard.press("Tab")
    assert shown(page) == ["planted_reversed"]
    page.locator(".claim:not([hidden]) summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#planted_reversed").is_visible()


def test_every_figure_is_visible_when_its_claim_is_open(open_page: Open, results: dict[str, Any]) -> None:
    page = open_page()
    open_all(page)
    for claim in results["claims"]:
        figure = page.locator(f"#{claim['slug']} figure svg")
        if claim["verdict"] == "not run":
            assert figure.count() == 0
            continue
        box = figure.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 50


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_an_address_opens_its_claim(open_page: Open, script: bool) -> None:
    page = open_page("#receptive_field", java_script_enabled=script)
    page.locator("#receptive_field").wait_for(state="visible")
    assert not page.locator("#bottleneck_cost").is_visible()


def test_a_title_opens_and_closes_its_claim_and_gives_the_address(open_page: Open) -> None:
    page = open_page()
    title = page.get_by_role("link", name=re.compile("Two 3×3 convolutions"))
    title.click()
    assert page.locator("#receptive_field").is_visible()
    assert page.url.endswith("#receptive_field")
    title.click()
    assert not page.locator("#receptive_field").is_visible()


def test_a_link_to_a_claim_that_the_filter_hides_shows_it(open_page: Open) -> None:
    page = open_page("#planted_mixed")
    page.get_by_label("Verdict", exact=True).select_option("mixed")
    page.locator("#planted_mixed").get_by_role("link", name="planted_holds").click()
    page.locator("#planted_holds").wait_for(state="visible")


def test_without_a_script_everything_can_be_read(open_page: Open, results: dict[str, Any]) -> None:
    page = open_page(java_script_enabled=False)
    assert not page.get_by_role("button", name="Reset").is_visible()
    assert page.locator(".claim .line").count() == len(results["claims"])
    page.locator(".claim summary").first.click()
    assert page.get_by_text("What this does not show").first.is_visible()


@pytest.mark.parametrize("opened", [False, True], ids=["claims closed", "all claims open"])
def test_a_phone_never_scrolls_sideways(open_page: Open, opened: bool) -> None:
    page = open_page(width=400)
    if opened:
        open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.evaluate(OUTSIDE) == []


def test_dark_mode_is_light_text_on_dark_and_light_mode_the_reverse(open_page: Open) -> None:
    dark, light = open_page(color_scheme="dark"), open_page(color_scheme="light")
    assert luminance(dark, "backgroundColor") < 0.05 < 0.6 < luminance(dark, "color")
    assert luminance(light, "color") < 0.05 < 0.6 < luminance(light, "backgroundColor")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    open_all(page)
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 200
    assert [text for text in ratios if text[1] < 4.5] == []


def test_the_figures_take_the_colour_of_the_text(open_page: Open) -> None:
    for scheme in ("light", "dark"):
        page = open_page("#planted_supported", color_scheme=scheme)
        fill = page.eval_on_selector("#planted_supported figure text", "text => getComputedStyle(text).fill")
        assert fill == page.evaluate("getComputedStyle(document.documentElement).color")


def test_paper_has_every_claim_open_and_no_filter(open_page: Open, results: dict[str, Any]) -> None:
    page = open_page()
    page.get_by_label("Verdict", exact=True).select_option("mixed")
    page.emulate_media(media="print")
    assert shown(page) == [claim["slug"] for claim in results["claims"]]
    for claim in results["claims"]:
        box = page.locator(f"#{claim['slug']} > h4").first.bounding_box()
        assert box is not None
        assert box["height"] > 0
    assert not page.get_by_role("button", name="Reset").is_visible()


def test_controls_have_names_and_regions_too(open_page: Open) -> None:
    page = open_page()
    open_all(page)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("select, button, a, summary, [role=region], svg[role=img]")]
            .filter(e => !(e.getAttribute("aria-label") || e.labels?.length || e.textContent.trim())).length"""
    )
    assert unnamed == 0
    assert [page.locator(landmark).count() for landmark in ("header", "main", "footer")] == [1, 1, 1]


def test_the_picture_shows_the_top_of_the_page(browser: Browser, laboratory: LabResult, tmp_path: Path) -> None:
    picture.take_picture(laboratory.page, tmp_path / "report.png", browser)
    taken = Image.open(tmp_path / "report.png")
    assert taken.size == (picture.WIDTH, picture.HEIGHT)
    assert len(taken.getcolors(1 << 24)) > 100


def test_a_machine_without_browser_is_told_what_to_name(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(picture, "find_browser", lambda: None)
    monkeypatch.setattr(sys, "argv", ["picture.py", "report.html", "report.png"])
    with pytest.raises(SystemExit, match="2"):
        picture.main()
    assert "RESNETLAB_CHROMIUM" in capsys.readouterr().err
