"""Figures that are read: laid beside the stub, drawn from the numbers kept with them, and told in words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from resnetlab.exercises.course import COURSE, HOME, figure, figure_name, file_name, solution
from resnetlab.exercises.exercise import stub_of
from resnetlab.exercises.figures import MADE_BY, draw
from resnetlab.exercises.folder import reset, start

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
MOST_BYTES = 40_000
A_POINT = 1.0  # by which letters of another version of Matplotlib may move a mark
WITH_FIGURE = [name for name in COURSE if figure(name)]


def test_exercises_with_a_figure_are_those_that_a_claim_draws() -> None:
    assert set(WITH_FIGURE) == set(MADE_BY)
    for name in WITH_FIGURE:
        assert f"`resnetlab lab run {MADE_BY[name]}`" in solution(name)


@pytest.mark.parametrize("name", WITH_FIGURE)
def test_a_figure_is_what_the_claim_draws_from_the_numbers_beside_it(name: str) -> None:
    kept, anew = figure(name), draw(name)
    assert kept
    told = "draw it anew: python -m resnetlab.exercises.figures"
    assert NUMBER.sub("", kept) == NUMBER.sub("", anew), told
    pairs = zip(NUMBER.findall(kept), NUMBER.findall(anew), strict=True)
    np.testing.assert_allclose(*np.array([list(map(float, pair)) for pair in pairs]).T, atol=A_POINT, err_msg=told)


@pytest.mark.parametrize("name", WITH_FIGURE)
def test_a_figure_stands_alone_on_white_and_begins_with_its_words(name: str) -> None:
    text = figure(name) or ""
    root = ElementTree.fromstring(text)
    title, words, ground = (element for element in list(root)[:3])
    assert (root.get("color"), ground.get("fill"), title.text) == ("black", "white", MADE_BY[name])
    assert words.text
    assert all(arm in words.text for arm in json.loads((HOME / name / "measured.json").read_text()))
    assert text.splitlines()[2].startswith("<desc>")
    assert len(text.encode()) < MOST_BYTES


def test_a_figure_is_laid_beside_the_stub_that_names_it_and_reset_brings_it_back(tmp_path: Path) -> None:
    course = tmp_path / "course"
    start(course)
    for name in WITH_FIGURE:
        assert figure_name(name) in stub_of(solution(name))
        assert (course / figure_name(name)).read_text(encoding="utf-8") == figure(name)
    lost = course / figure_name(WITH_FIGURE[0])
    lost.unlink()
    reset(course, WITH_FIGURE[0])
    assert lost.exists()
    lost.unlink()
    (course / "progress.json").unlink()
    assert start(course) == [lost]


def test_laying_out_a_course_and_listing_it_draw_nothing_and_import_no_pytorch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from resnetlab.exercises.folder import open_course, start\n"
        "from resnetlab.exercises.telling import list_text\n"
        "start(Path('course')); list_text(open_course(Path('course')))\n"
        "print(sorted({'torch', 'matplotlib', 'numpy'} & {*sys.modules}))"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_numbers_in_the_texts_are_those_measured() -> None:
    lesions = json.loads((HOME / "reading_lesions" / "measured.json").read_text())
    whole = {arm: np.mean([run["whole"] for run in runs.values()]) for arm, runs in lesions.items()}
    told = re.findall(r"(plain20|resnet20|resnet56)(?: has)? (\d+) %", solution("reading_lesions"))
    assert {arm: int(percent) for arm, percent in told} == {arm: round(percent) for arm, percent in whole.items()}
    added = {arm: np.mean([run["added"] for run in runs.values()], axis=0) for arm, runs in lesions.items()}
    assert abs(added["plain20"] - 80).max() < 5
    assert added["resnet56"][6:].max() < 1 < added["resnet56"][5]
    curves = json.loads((HOME / "reading_training_curves" / "measured.json").read_text())
    last = {arm: np.array([run["epoch_losses"][-1] for run in runs.values()]) for arm, runs in curves.items()}
    mean = {arm: float(losses.mean()) for arm, losses in last.items()}
    assert (round(mean["plain20"], 2), round(mean["plain56"], 1)) == (0.13, 1.9)
    assert (round(mean["resnet20"], 3), round(mean["resnet56"], 3)) == (0.010, 0.034)
    assert (round(mean["plain56"] / mean["plain20"]), round(mean["resnet56"] / mean["resnet20"])) == (14, 3)
    assert {len(runs) for runs in (*curves.values(), *lesions.values())} == {8}
    assert file_name("reading_lesions").startswith("27_")
