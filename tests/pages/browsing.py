"""How tests look at a page in a real Chromium: opening it, and reading colours off it."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from playwright.sync_api import Browser, Page

PICTURE = Path(__file__).parents[2] / "docs" / "picture.py"
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


@contextmanager
def opening(browser: Browser, file: Path) -> Iterator[Open]:
    """Opens a page as a reader would; at the end nothing may have been said or asked for."""
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
        page.goto(file.as_uri() + address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url.partition("#")[0] for url in asked} == {file.as_uri()}


def luminance(page: Page, what: str) -> float:
    """Relative luminance of the page's "color" or "backgroundColor" (WCAG 2)."""
    colour = page.evaluate(f"getComputedStyle(document.documentElement).{what}")
    levels = [int(level) / 255 for level in re.findall(r"\d+", colour)[:3]]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


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

OUTSIDE = """() => [...document.querySelectorAll("body *")]
    .filter(e => e.checkVisibility() && !e.closest(".scroll, .unseen, .skip, svg"))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
