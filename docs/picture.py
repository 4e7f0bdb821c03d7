"""Takes the README's picture of a report: the top of the page as a browser shows it.

    python docs/picture.py runs/report/20260101-120000-quick/report.html docs/report.png

It needs playwright and a Chromium of the system; RESNETLAB_CHROMIUM names one that is not on the path.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
WIDTH, HEIGHT = 1200, 1080  # pixels


def find_browser() -> str | None:
    """The program of a Chromium on this machine, or None."""
    named = os.environ.get("RESNETLAB_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def open_browser(program: str) -> Iterator[Browser]:
    """A browser without a window, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def take_picture(page: Path, picture: Path, browser: Browser) -> None:
    """The top of the page, as PNG."""
    shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    shown.goto(page.resolve().as_uri())
    shown.screenshot(path=picture)
    shown.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, help="a report.html")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    chosen = parser.parse_args()
    program = find_browser()
    if program is None:
        parser.exit(2, "no Chromium on this machine\nname one in RESNETLAB_CHROMIUM\n")
    if not chosen.page.is_file():
        parser.exit(2, f"no page at {chosen.page}\ngive the report.html of a run\n")
    with open_browser(program) as browser:
        take_picture(chosen.page, chosen.picture, browser)


if __name__ == "__main__":
    main()
