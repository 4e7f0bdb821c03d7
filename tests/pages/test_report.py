"""The page and its folder: whole, escaped, self-contained, and plain about what failed."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import planted
import pytest

from resnetlab.core.errors import OutputError, ResnetlabError
from resnetlab.experiments.lab import LabResult
from resnetlab.experiments.statistics import Verdict
from resnetlab.pages.figures import curves
from resnetlab.pages.report import render_report, write_report
from resnetlab.pages.verdicts import WORDS

pytestmark = pytest.mark.xdist_group("page")  # one run of the claims serves them all

VOID = {"meta", "link", "br", "input", "img", "hr"}


class Outline(HTMLParser):
    """What stands on a page: headings, names, elements, and whether every one is closed in its place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.links: list[str] = []
        self.levels: list[int] = []
        self.elements: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.elements.append(tag)
        self.names += filter(None, [given.get("id")])
        self.links += filter(None, [given.get("href") or given.get("xlink:href")])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(laboratory: LabResult) -> str:
    return laboratory.page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(html: str) -> Outline:
    return Outline(html)


def test_the_planted_numbers_give_all_eight_verdicts(laboratory: LabResult) -> None:
    found = {claim.slug: claim.verdict for claim in planted.ALL}
    assert {slug: laboratory.verdicts[slug] for slug in found} == found
    assert set(found.values()) == {word.word for word in WORDS} == set(Verdict)


def test_runs_that_diverged_are_counted_and_shown(laboratory: LabResult, html: str) -> None:
    counted = {claim["slug"]: claim["diverged"] for claim in laboratory.results["claims"] if claim["diverged"]}
    assert counted == {"planted_reversed": 1}
    assert html.count("1 run diverged and counts with the loss of the untrained network.") == 1


def test_every_file_is_there_and_nothing_half_written(laboratory: LabResult) -> None:
    drawn = [slug for slug, verdict in laboratory.verdicts.items() if verdict != "not run"]
    figures = {f"figures/{slug}.{kind}" for slug in drawn for kind in ("svg", "png")}
    files = {file.relative_to(laboratory.folder).as_posix() for file in laboratory.folder.rglob("*") if file.is_file()}
    assert files == {"report.html", "results.json", *figures}


def test_the_file_holds_the_results_that_the_page_shows(laboratory: LabResult, results: dict[str, Any]) -> None:
    assert results == json.loads(json.dumps(laboratory.results))


def test_elements_close_names_are_unique_and_links_lead_somewhere(outline: Outline) -> None:
    assert outline.open == []
    assert len(outline.names) == len(set(outline.names))
    inside = {link[1:] for link in outline.links if link.startswith("#")}
    assert inside <= set(outline.names)


def test_headings_never_skip_a_level(outline: Outline) -> None:
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in zip(outline.levels, outline.levels[1:], strict=False))


def test_text_that_tries_to_be_markup_stays_text(html: str, outline: Outline) -> None:
    assert outline.elements.count("script") == 1
    assert planted.MARKUP not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_claim_that_was_not_run_says_why(html: str, laboratory: LabResult) -> None:
    assert laboratory.results["score"]["not run"] == 1
    assert "1 of 10 claims was not run:" in " ".join(html.split())
    assert "RuntimeError: the disk is full" in html
    assert "There is none: nothing was measured." in html
    assert "it belongs to the standard tier" in html


SHOWN = (
    "[0.9597,\u00a01.0503]",
    "99.918\u00a0%",
    "69,632",
    "resnetlab lab run bottleneck_cost",
    "quick tier on digits",
)


@pytest.mark.parametrize("shown", SHOWN)
def test_numbers_and_commands_are_on_the_page(html: str, shown: str) -> None:
    assert shown in html


def test_the_page_lets_nothing_in_or_out(html: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    assert not re.search(r' style="| on\w+="|<(img|iframe|object|link [^>]*stylesheet)', html)


def test_the_same_results_give_the_same_page(laboratory: LabResult, results: dict[str, Any]) -> None:
    assert render_report(results, {}) == render_report(laboratory.results, {})


@pytest.mark.parametrize("slug", ["../outside", "a/b", "", ".hidden", "<b>", "two words"])
def test_a_slug_that_is_no_file_name_is_refused_before_anything_is_written(
    tmp_path: Path, results: dict[str, Any], slug: str
) -> None:
    with pytest.raises(ResnetlabError, match="cannot name a file"):
        write_report(tmp_path, results, {slug: curves({"a": [1, 2]}, x="x", y="y")})
    results["claims"][0]["slug"] = slug
    with pytest.raises(ResnetlabError, match="cannot name a file"):
        write_report(tmp_path, results, {})
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_json_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, results: dict[str, Any]
) -> None:
    results["claims"][0]["seconds"] = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report(tmp_path, results, {})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named_and_left_as_it_was(tmp_path: Path, results: dict[str, Any]) -> None:
    file = tmp_path / "taken"
    file.write_text("mine")
    with pytest.raises(OutputError, match=r"cannot write .*taken.*\nname another folder with --output"):
        write_report(file, results, {})
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert file.read_text() == "mine"


def test_a_file_that_cannot_be_finished_leaves_the_earlier_one(
    tmp_path: Path, results: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(tmp_path, results, {})
    before = (tmp_path / "report.html").read_bytes()

    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_report(tmp_path, {**results, "seconds": 1.0}, {})
    assert (tmp_path / "report.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "results.json"]
