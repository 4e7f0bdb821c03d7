"""One self-contained page from the plain values of results.json, and the folder that holds it.

The page asks nothing of anybody: no font, no script, no picture comes from outside, and its own security policy
forbids them. It needs no JavaScript to be read; with it, the table of claims can be filtered.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from resnetlab.core.errors import OutputError, ResnetlabError
from resnetlab.pages.coverage import coverage_table
from resnetlab.pages.intervals import bar_for
from resnetlab.pages.numbers import Precision, precision_for
from resnetlab.pages.page import page_environment, policy_digest, template_text
from resnetlab.pages.svg import Drawing, drawn
from resnetlab.pages.verdicts import WORDS, word_for

SAFE_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
MOST_ARMS = 4  # are named; of more only the number of runs is said
QUOTED = re.compile(r"`+([^`]+)`+")


def write_report(folder: Path, results: Mapping[str, Any], figures: Mapping[str, Figure | Drawing]) -> Path:
    """The path of the page, written with `results.json` and every figure as SVG and PNG.

    All is drawn before anything is written; each file appears whole or not at all, the page last.

    Args:
        folder: where to write; it exists, or its parent does.
        results: the content of results.json, see docs/results.md.
        figures: slug → figure, drawn or not.

    Raises:
        ResnetlabError: a slug that is no file's name.
        OutputError: the folder cannot be written.
        ValueError: a number in the results is not finite, which JSON cannot hold.
    """
    for slug in (*figures, *(claim["slug"] for claim in results["claims"])):
        if not SAFE_SLUG.fullmatch(slug):
            raise ResnetlabError(f"slug {slug!r} cannot name a file\nuse letters, digits, '_', '-' and '.'")
    drawings = {slug: one if isinstance(one, Drawing) else drawn(one, slug) for slug, one in figures.items()}
    files = {f"figures/{slug}.svg": drawing.svg.encode() for slug, drawing in drawings.items()}
    files |= {f"figures/{slug}.png": drawing.png for slug, drawing in drawings.items()}
    files["results.json"] = f"{json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()
    files["report.html"] = render_report(results, drawings).encode()
    for name, content in files.items():
        write_whole(folder / name, content)
    return folder / "report.html"


def render_report(results: Mapping[str, Any], drawings: Mapping[str, Drawing]) -> str:
    """The page as one HTML text.

    Args:
        results: the content of results.json, see docs/results.md.
        drawings: slug → its figure.
    """
    style, script = template_text("report.css"), template_text("report.js")
    return (
        _environment(results)
        .get_template("report.html.j2")
        .render(
            results=results,
            claims=results["claims"],
            drawings=drawings,
            style=Markup(style),
            style_digest=policy_digest(style),
            script=Markup(script),
            script_digest=policy_digest(script),
            coverage=coverage_table(results.get("coverage")),
            papers=list(dict.fromkeys(map(paper_of, results["claims"]))),
            kinds=list(dict.fromkeys(kind for claim in results["claims"] for kind in claim["kind"])),
            words=WORDS,
        )
    )


def paper_of(claim: Mapping[str, Any]) -> str:
    """The paper of a claim, without the table or figure: what the page filters by."""
    return str(claim["source"]).split(", ", 1)[0]


def prose(text: str, linked: bool = True, slugs: frozenset[str] = frozenset()) -> Markup:
    """Escaped text with `quoted` names as code; those of claims on the page lead to them.

    >>> prose("a < b, see `degradation`", slugs=frozenset({"degradation"}))
    Markup('a &lt; b, see <a href="#degradation"><code>degradation</code></a>')

    Args:
        text: as a claim's file has it.
        linked: False where the text stands in a link already.
        slugs: of the page's claims.
    """

    def code(found: re.Match[str]) -> str:
        name = found[1]
        return f'<a href="#{name}"><code>{name}</code></a>' if linked and name in slugs else f"<code>{name}</code>"

    return Markup(QUOTED.sub(code, str(escape(text))))


def sentence(text: str) -> str:
    """A text that goes on from a heading, as one that stands alone; names keep their small letter.

    >>> sentence("that it is so."), sentence("plain-20 of the pool."), sentence("`degradation` says why.")
    ('That it is so.', 'plain-20 of the pool.', '`degradation` says why.')
    """
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.strip(".,:;").isalpha() else text


def precision_of(part: Mapping[str, Any]) -> Precision:
    """How the numbers of a part decided by an interval are written."""
    return precision_for(*part["interval"])


def _environment(results: Mapping[str, Any]) -> jinja2.Environment:
    environment = page_environment()
    slugs = frozenset(claim["slug"] for claim in results["claims"])
    environment.filters |= {"prose": partial(prose, slugs=slugs), "word": word_for, "paper": paper_of}
    environment.filters |= {"sentence": sentence}
    environment.globals |= {"bar_for": bar_for, "precision_of": precision_of, "MOST_ARMS": MOST_ARMS}
    return environment


def write_whole(path: Path, content: bytes) -> None:
    """The file under its name only when it is complete."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # where nothing can be written, nothing can be removed
            unfinished.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror}\nname another folder with --output") from error
