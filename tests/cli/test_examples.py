"""Every example that a command's help ends with runs, and help itself answers at once."""

from __future__ import annotations

import importlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from picture_folders import write_classes, write_photographs
from resnetlab import create_model
from resnetlab.cli import COMMANDS, main
from resnetlab.exercises import checking, grading
from resnetlab.exercises.course import COURSE, file_name, solution
from resnetlab.exercises.folder import start
from shared_workshop import SharedWorkshop

ROOT = Path(__file__).parents[2]


def examples_of(words: tuple[str, ...]) -> tuple[str, ...]:
    module, name = COMMANDS[words][0].split(":")
    return getattr(importlib.import_module(f"resnetlab.cli.{module}"), name).EXAMPLES


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the examples take: claims, photographs, an image folder, weights, a course half done."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    write_photographs(tmp_path / "photos")
    write_classes(tmp_path / "classes")
    torch.save(create_model("resnet20", width=4).state_dict(), tmp_path / "net.pth")
    start(tmp_path / "course")
    for name in COURSE[:2]:
        (tmp_path / "course" / file_name(name)).write_text(solution(name), encoding="utf-8")
    monkeypatch.setattr(checking, "Workshop", SharedWorkshop)
    monkeypatch.setattr(grading, "Workshop", SharedWorkshop)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# One worker takes all that need the same trained networks, so that they are trained once.
@pytest.mark.xdist_group("the whole tier")
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_examples_of_a_command_run(
    words: tuple[str, ...], elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(examples_of(words)) == 3
    for example in examples_of(words):
        program, *arguments = shlex.split(example)
        assert (program, main(arguments)) == ("resnetlab", 0), example
        said = capsys.readouterr().out
        assert said
        if "--json" in arguments:
            json.loads(said)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_ends_with_the_examples(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    lines = capsys.readouterr().out.rstrip().splitlines()
    assert [line.strip() for line in lines[-3:]] == list(examples_of(words))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_speaks_json(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    main([*words, "--help"])
    assert "--json" in capsys.readouterr().out


def test_help_names_every_command_and_waits_for_no_torch() -> None:
    code = "import sys; from resnetlab.cli import main; main(['--help']); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.rstrip().endswith("False")
    assert all(" ".join(words) in said for words in COMMANDS)


def test_a_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("resnetlab 0.")
