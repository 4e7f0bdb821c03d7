"""The page that compares tiers: every claim's verdict at two scales, and whether it survives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from resnetlab.pages.numbers import number, precision_for
from resnetlab.pages.page import page_environment, policy_digest, template_text
from resnetlab.pages.report import prose, write_whole
from resnetlab.pages.verdicts import word_for


def write_tiers_page(folder: Path, runs: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Path:
    """The path of `tiers.html`, written whole or not at all.

    Args:
        folder: where to write; each tier's own page stands in a folder of the tier's name beside it.
        runs: the content of each tier's results.json, the smaller tier first.
        rows: as `resnetlab.experiments.compare.compared` gives them.

    Raises:
        OutputError: the folder cannot be written.
    """
    page = folder / "tiers.html"
    write_whole(page, render_tiers(runs, rows).encode())
    return page


def render_tiers(runs: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> str:
    """The page as one HTML text; arguments as of `write_tiers_page`."""
    style, environment = template_text("report.css") + template_text("tiers.css"), page_environment()
    environment.filters |= {"prose": prose, "word": word_for, "numbers": in_words}
    return environment.get_template("tiers.html.j2").render(
        runs=runs,
        rows=rows,
        counts=Counter(row["outcome"] for row in rows),
        style=Markup(style),
        style_digest=policy_digest(style),
    )


def in_words(numbers: Mapping[str, Any]) -> str:
    """A part's effect with its interval and n, or what an exact part measured.

    >>> in_words({"effect": 1.0, "interval": [0.5, 1.5], "n": 5, "unit": "", "measured": None})
    '1.00 [0.50,\\xa01.50], n = 5'
    >>> in_words({"effect": None, "measured": 0.8922539362861951})
    '0.8923'
    """
    if numbers["effect"] is None:
        return number(numbers["measured"])
    written = precision_for(*numbers["interval"])
    return f"{written.text(numbers['effect'])} {written.interval(numbers['interval'])}, n = {numbers['n']}"
