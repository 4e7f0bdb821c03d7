"""`predict` and `eval` on a terminal and for machines: exit codes, what is said where, names of every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from image_bytes import SOUND, SPOILED
from picture_folders import write_classes
from resnetlab import create_model
from resnetlab.cli import main
from resnetlab.weights import identify
from twins import enliven

NETWORK = ("resnet20[num_classes=2]", "--untrained", "--size", "32")
NAMES = [
    *("plain.jpg", "a space.jpg", " leading.jpg", "naïve ☃.jpg", "日本語.jpg", "two\nlines.jpg", "tab\tbed.jpg"),
    *("quo'te\".jpg", "[brackets].jpg", "percent%s.jpg", "x" * 251 + ".jpg", os.fsdecode(b"caf\xe9.jpg")),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_forty_spoiled_files_are_all_named_and_the_sound_one_predicted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mixed").mkdir()
    for number, data in enumerate([*SPOILED.values(), SOUND["JPEG"]]):
        Path("mixed", f"{number:02}.jpg").write_bytes(data)
    assert main(["predict", *NETWORK, "mixed", "--json"]) == 1
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert [row["path"] for row in found["rows"]] == [f"mixed/{len(SPOILED)}.jpg"]
    assert len(found["unreadable"]) == len(SPOILED) >= 40
    assert all(f"mixed/{number:02}.jpg" in told.err for number in range(len(SPOILED)))
    assert "Traceback" not in told.err


def test_all_well_is_exit_code_0_and_assumptions_are_said_aside(capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(Path("pictures"))
    assert main(["predict", *NETWORK, "pictures", "--top", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.count("pictures/") == 12
    assert "12 images seen by resnet20" in told.out
    assert told.err.count("nothing tells its preprocessing") == 1


COMMANDS = {"predict": ["pictures"], "eval": ["--data", "imagefolder:pictures"]}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_tensors_do_not_tell_is_counted_for_people_and_listed_for_machines_and_by_audit(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    write_classes(Path("pictures"))
    torch.save(enliven(create_model("resnet20", num_classes=2), torch.randn(4, 3, 32, 32)).state_dict(), "a net.pth")
    assumed = identify(torch.load("a net.pth")).assumptions
    assert main([command, "a net.pth", *COMMANDS[command]]) == 0
    told = capsys.readouterr().err
    assert f"{len(assumed)} things that tensors do not tell were assumed" in told
    assert "; resnetlab audit 'a net.pth' lists them" in told
    assert not any(one in told for one in assumed)
    assert main([command, "a net.pth", *COMMANDS[command], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["assumptions"] == list(assumed)
    assert main(["audit", "a net.pth", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["assumptions"] == list(assumed)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_predicted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    Path("folder", name).write_bytes(SOUND["JPEG"])
    for given in (os.path.join("folder", name), "folder"):
        assert main(["predict", *NETWORK, given, "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)["rows"]
        assert row["path"] == os.path.join("folder", name)
    assert main(["predict", *NETWORK, "folder"]) == 0
    assert len(capsys.readouterr().out.splitlines()) <= 8


def test_files_of_any_name_are_evaluated_and_named_where_they_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(Path("pictures"))
    for name in NAMES:
        Path("pictures", "flower", name).write_bytes(SOUND["JPEG"])
    command = ["eval", *NETWORK, "--data", "imagefolder:pictures", "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 12 + len(NAMES)
    for name in NAMES:
        Path("pictures", "flower", name).write_bytes(SOUND["JPEG"][:100])
    assert main(command) == 2
    told = capsys.readouterr()
    assert f"{len(NAMES)} of {12 + len(NAMES)} images cannot be read" in told.err
    assert len(told.err.splitlines()) <= 3
    assert main([*command, "--skip-unreadable"]) == 0
    assert len(json.loads(capsys.readouterr().out)["unreadable"]) == len(NAMES)


def test_a_class_may_have_any_name(capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        Path("pictures", name).mkdir(parents=True)
        Path("pictures", name, "1.jpg").write_bytes(SOUND["JPEG"])
    network = (f"resnet20[num_classes={len(NAMES)}]", *NETWORK[1:])
    assert main(["eval", *network, "--data", "imagefolder:pictures", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == sorted(NAMES)
    assert main(["eval", *network, "--data", "imagefolder:pictures"]) == 0


def test_an_evaluation_says_its_scores_and_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(Path("pictures"))
    assert main(["eval", *NETWORK, "--data", "imagefolder:pictures", "--output", "found"]) == 0
    told = capsys.readouterr()
    assert "top-1" in told.out
    assert "calibration error" in told.out
    assert "found/eval.json" in told.out
    written = {"config.yaml", "confusion.png", "confusion.svg", "env.json", "eval.json"}
    assert {file.name for file in Path("found").iterdir()} == written
    assert "names no classes" in told.err


@pytest.mark.parametrize("command", ["predict", "eval"])
def test_help_waits_for_no_torch(command: str) -> None:
    code = (
        f"import sys; from resnetlab.cli import main; main([{command!r}, '--help']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
