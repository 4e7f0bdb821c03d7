"""The page in a real Chromium: it filters, opens, prints, follows dark mode, fits a phone, and asks nobody anything.

Where there is no browser these tests skip; RESNETLAB_REQUIRE_BROWSER=1 makes that a failure.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from resnetlab.experiments.lab import LabResult

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("page")]

PICTURE = Path(__file__).parents[2] / "docs" / "picture.py"
MEGABYTE = 1 << 20
SECONDS = 10  # what is not there by then is not coming
Open = Callable[..., Page]


def load_picture() -> ModuleType:
    """docs/picture.py, which knows how a browser is found and started."""
    specification = importlib.util.spec_from_file_location("picture", PICTURE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


picture = load_picture()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = picture.find_browser()
    if program is None and os.environ.get("RESNETLAB_REQUIRE_BROWSER") == "1":
        pytest.fail("no Chromium on this machine, and RESNETLAB_REQUIRE_BROWSER asks for one")
    if program is None:
        pytest.skip("no Chromium on this machine; RESNETLAB_CHROMIUM may name one")
    with picture.open_browser(program) as opened:
        yield opened


@pytest.fixture
def open_page(browser: Browser, laboratory: LabResult) -> Iterator[Open]:
    """Opens the page as a reader would; at the end nothing may have been said or asked for."""
    contexts, said, asked = [], [], []

    def opened(address: str = "", width: int = 1200, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(laboratory.page.as_uri() + address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked} == {laboratory.page.as_uri()}


def shown(page: Page) -> list[str]:
    """Slugs of the claims in the table, in their order."""
    return page.eval_on_selector_all(
        ".claim", "claims => claims.filter(c => c.checkVisibility()).map(c => c.dataset.claim)"
    )


def open_all(page: Page) -> None:
    page.get_by_role("button", name="Open all").click()
    page.get_by_role("button", name="Close all").wait_for()


def luminance(page: Page, what: str) -> float:
    """Relative luminance of the page's "color" or "backgroundColor" (WCAG 2)."""
    colour = page.evaluate(f"getComputedStyle(document.documentElement).{what}")
    levels = [int(level) / 255 for level in re.findall(r"\d+", colour)[:3]]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


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
    outside = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter(e => e.checkVisibility() && !e.closest(".scroll, .unseen, .skip, svg"))
            .filter(e => e.getBoundingClientRect().right > 401).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert outside == []


def test_dark_mode_is_light_text_on_dark_and_light_mode_the_reverse(open_page: Open) -> None:
    dark, light = open_page(color_scheme="dark"), open_page(color_scheme="light")
    assert luminance(dark, "backgroundColor") < 0.05 < 0.6 < luminance(dark, "color")
    assert luminance(light, "color") < 0.05 < 0.6 < luminance(light, "backgroundColor")


CONTRAST = """() => {
  const levels = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = colour => levels(colour).slice(0, 3).map(level => level / 255)
    .map(level => level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4)
    .reduce((sum, level, place) => sum + level * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = element => {
    const colour = getComputedStyle(element).backgroundColor;
    return levels(colour)[3] === 0 && element.parentElement ? ground(element.parentElement) : colour;
  };
  const texts = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && !e.closest("figure svg")
    && [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  return texts.map(e => {
    const style = getComputedStyle(e);
    const [one, other] = [luminance(e.closest("svg") ? style.fill : style.color), luminance(ground(e))];
    return [e.outerHTML.slice(0, 80), (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
  });
}"""


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
