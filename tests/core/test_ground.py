"""The ground: folders are made or refused at the start, errors suggest, a record tells where a figure came from."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from resnetlab.core.devices import choose_device
from resnetlab.core.errors import OutputError, ResnetlabError, UnknownNameError
from resnetlab.core.folders import cache_folder, make_output_folder
from resnetlab.core.machine import describe_environment, usable_cores


def test_a_folder_is_named_by_command_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = make_output_folder("report", "quick")
    assert folder.is_dir()
    assert folder.parts[:2] == ("runs", "report")
    assert folder.name.endswith("-quick")


def test_two_runs_never_share_a_folder_by_accident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert make_output_folder("report", "quick") != make_output_folder("report", "quick")


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds files already"):
        make_output_folder("report", "quick", tmp_path)
    assert make_output_folder("report", "quick", tmp_path, exist_ok=True) == tmp_path
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["a name", "naïve ☃", "x" * 200, "two\nlines"])
def test_folders_may_have_any_name(tmp_path: Path, name: str) -> None:
    assert make_output_folder("report", "quick", tmp_path / name).is_dir()


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RESNETLAB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "resnetlab"
    monkeypatch.setenv("RESNETLAB_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


def test_an_unknown_name_suggests_the_nearest_and_survives_a_worker() -> None:
    error = UnknownNameError("model", "resnet5O", ("resnet50", "vgg16"), "all: resnetlab models")
    assert str(error) == "unknown model 'resnet5O'; did you mean resnet50?\nall: resnetlab models"
    assert "did you mean resnet50" in str(pickle.loads(pickle.dumps(error)))


def test_a_device_that_is_not_there_is_refused() -> None:
    assert choose_device("cpu") == "cpu"
    with pytest.raises(ResnetlabError, match="at hand:"):
        choose_device("mps" if choose_device("auto") != "mps" else "cuda")


def test_the_record_of_the_machine_is_plain_values() -> None:
    told = json.loads(json.dumps(describe_environment()))
    assert told["cores"] == usable_cores() >= 1
    assert told["versions"]["torch"]
