"""`data inspect` on a terminal and for machines: exit codes, what is said, names of every kind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from image_bytes import SOUND
from picture_folders import write_classes
from resnetlab.cli import main

NAMES = [
    *("plain.jpg", "a space.jpg", " leading.jpg", "naïve ☃.jpg", "日本語.jpg", "two\nlines.jpg", "tab\tbed.jpg"),
    *("quo'te\".jpg", "[brackets].jpg", "percent%s.jpg", "x" * 251 + ".jpg", os.fsdecode(b"caf\xe9.jpg")),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_classes(Path("pictures", "train"))
    write_classes(Path("pictures", "test"), count=3, side=44)


def test_sound_data_is_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "inspect", "imagefolder:pictures", "--output", "found"]) == 0
    said = capsys.readouterr().out
    assert "18 images, 2 classes" in said
    assert "nothing is wrong" in said
    assert "found/contact_sheet.png" in said
    assert {file.name for file in Path("found").iterdir()} == {"inspection.json", "contact_sheet.png"}


def test_what_is_wrong_is_exit_code_1_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pictures", "train", "flower", "cut.jpg").write_bytes(SOUND["JPEG"][:100])
    shutil.copy("pictures/train/temple/1.png", "pictures/test/temple/again.png")
    assert main(["data", "inspect", "imagefolder:pictures"]) == 1
    said = capsys.readouterr().out
    assert "pictures/train/flower/cut.jpg is damaged" in said
    assert "pictures/train/temple/1.png (train, temple), pictures/test/temple/again.png (test, temple)" in said
    assert "1 image cannot be read" in said
    assert "in more than one split: 1 picture" in said


def test_a_single_class_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(Path("one", "train"))
    shutil.rmtree("one/train/temple")
    assert main(["data", "inspect", "imagefolder:one"]) == 1
    assert "there is 1 class: nothing can be told apart" in capsys.readouterr().out


def test_files_and_classes_of_any_name_are_inspected(capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate(NAMES):
        Path("odd", name).mkdir(parents=True)
        for file in NAMES:
            Path("odd", name, file).write_bytes(list(SOUND.values())[number % len(SOUND)])
    command = ["data", "inspect", "imagefolder:odd"]
    assert main([*command, "--json"]) == 1  # the same pictures everywhere
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == sorted(NAMES)
    assert found["splits"][0]["images"] == len(NAMES) ** 2
    assert main(command) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_help_waits_for_no_torch() -> None:
    code = "import sys; from resnetlab.cli import main; main(['data', 'inspect', '--help'])"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
