"""A run's page says what its records hold, says what is missing, and is written whole with every figure beside it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from resnetlab.actions.runs.report import LAST_KEPT, write_report
from run_folders import EPOCHS, SCORES, write_run


class Text(HTMLParser):
    """What a reader reads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def __str__(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.parts))


def text_of(folder: Path) -> str:
    return str(Text(write_report(folder).read_text(encoding="utf-8")))


def test_it_says_what_came_out_and_where_it_comes_from(tmp_path: Path) -> None:
    text = text_of(write_run(tmp_path))
    for said in (
        "6 epochs in 9 min 0 s.",
        "66.67 % of 30 test images",
        "90.00 %",
        "0.8125",
        "4.50 %",
        "350 images/s",  # median of 100 … 600
        "1,234 training images, 269,722 parameters",
        "are held out",
        "2026-01-02 03:04:05 UTC",
    ):
        assert said in text, said


def test_it_says_so_where_the_best_could_not_be_kept(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    (folder / "config.yaml").write_text("keep: best\n")
    scores = json.loads((folder / "eval.json").read_text())
    remarks = [f"{LAST_KEPT}: best.pt is damaged"]
    (folder / "eval.json").write_text(json.dumps(scores | {"remarks": remarks}))
    assert "It is that of the last epoch; the best on the validation images was epoch 4." in text_of(folder)


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ("best", "It is that of epoch 4, the best on the validation images."),
        ("last", "It is that of the last epoch; the best on the validation images was epoch 4."),
    ],
)
def test_it_says_which_network_was_kept(tmp_path: Path, keep: str, said: str) -> None:
    folder = write_run(tmp_path)
    (folder / "config.yaml").write_text(f"keep: {keep}\n")
    assert said in text_of(folder)


def test_the_records_are_read_without_what_only_the_page_needs() -> None:
    loaded = "import sys, resnetlab.actions.runs.report; print('matplotlib' in sys.modules, 'scipy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False False"


def test_commands_to_do_it_again_name_this_folder(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "my run")
    text = text_of(folder)
    assert f"resnetlab train --config '{folder}'/config.yaml" in text
    assert f"resnetlab eval '{folder}' --data 'imagefolder:<i>photos</i>'" in text
    assert "--resume" not in text


def test_a_run_that_was_stopped_says_so_and_how_to_go_on(tmp_path: Path) -> None:
    text = text_of(write_run(tmp_path, done=2, evaluated=False))
    assert f"Not finished: 2 epochs in 3 min 0 s, of {EPOCHS}." in text
    assert f"resnetlab train --resume {tmp_path}" in text
    assert "the network was not evaluated" in text


def test_a_run_stopped_before_its_first_epoch_has_a_page_too(tmp_path: Path) -> None:
    text = text_of(write_run(tmp_path, done=0, evaluated=False, probed=False))
    assert "nothing to draw" in text
    assert "Not finished: 0 epochs, of 6." in text


def test_without_validation_nothing_is_said_of_a_best_epoch(tmp_path: Path) -> None:
    assert not re.search("best on|Top-1, validation|None", text_of(write_run(tmp_path, validated=False)))


def test_every_figure_is_a_file_in_two_formats(tmp_path: Path) -> None:
    write_report(write_run(tmp_path))
    names = {file.name for file in (tmp_path / "plots").iterdir()}
    figures = {"loss", "accuracy", "learning-rate", "speed", "confusion"}
    figures |= {"gradient-over-steps", "gradient-by-depth", "signal-by-depth", "dead-by-depth"}
    assert names == {f"{figure}.{suffix}" for figure in figures for suffix in ("svg", "png")}
    for file in (tmp_path / "plots").iterdir():
        if file.suffix == ".svg":
            assert ElementTree.parse(file).getroot().tag.endswith("svg")
        else:
            with Image.open(file) as picture:
                picture.verify()


def test_it_is_the_same_to_the_bit_when_written_again(tmp_path: Path) -> None:
    folder = write_run(tmp_path)
    first = write_report(folder).read_bytes()
    assert write_report(folder).read_bytes() == first


def test_it_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    page = write_report(write_run(tmp_path)).read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", page)
    assert "<script" not in page.replace("&lt;script", "")


@pytest.mark.parametrize("classes", [2, 100, 1000])
def test_of_many_classes_the_worst_are_shown_and_all_are_counted(tmp_path: Path, classes: int) -> None:
    folder = write_run(tmp_path, probed=False)
    confusion = [[3 * (true == taken) + (taken == 0) for taken in range(classes)] for true in range(classes)]
    scores = SCORES | {"confusion": confusion, "classes": [f"class {at}" for at in range(classes)]}
    (folder / "eval.json").write_text(json.dumps(scores))
    text = text_of(folder)
    assert ("The 30 worst of" in text) is (classes > 30)
    assert "class 1 " in text
    assert (folder / "report.html").stat().st_size < 4 << 20
