"""`eval` judges a run on the images that the run held out, in the run's own way, or says what it does instead."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from picture_folders import write_classes
from resnetlab import train
from resnetlab.actions.evaluate import evaluate
from resnetlab.actions.judging.evaluation import Evaluation
from resnetlab.actions.runs.evaluation import FLIPPED_TOO
from resnetlab.actions.runs.judged_images import training_of
from resnetlab.core.errors import ResnetlabError
from resnetlab.data.splits import training_data

SETTINGS = {"recipe": None, "steps": 2, "batch_size": 8, "size": 16, "quiet": True, "flip_at_test": True, "seed": 3}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(tmp_path_factory.mktemp("judged") / "photographs", count=20, side=16)


@pytest.fixture(scope="module")
def run(photographs: Path) -> Path:
    """A run on a folder that is not split, judged on mirror images too."""
    folder = photographs.parent / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)
        train("resnet20[width=4,depths=1/1/1]", f"imagefolder:{photographs}", output=folder, **SETTINGS)
    return folder


def judged(model: Path, data: Path, output: Path, **settings: Any) -> Evaluation:
    return evaluate(str(model), f"imagefolder:{data}", output=output, quiet=True, **settings)


@pytest.mark.parametrize("named", [".", "model.safetensors"])
def test_the_images_held_out_are_judged_as_the_run_did(
    named: str, run: Path, photographs: Path, tmp_path: Path
) -> None:
    told = json.loads((run / "eval.json").read_text())
    found = judged(run / named, photographs, tmp_path / "eval")
    assert (found.scores.n, found.split) == (told["n"], told["split"]) == (4, "test")
    assert found.scores.loss == pytest.approx(told["loss"], rel=1e-4)
    assert found.scores.confusion == tuple(map(tuple, told["confusion"]))
    assert FLIPPED_TOO in found.remarks
    assert "counted are the 4 images that the run has held out to test on, of 40" in found.remarks


def test_a_folder_that_was_moved_is_still_the_same(run: Path, photographs: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(photographs, tmp_path / "moved")
    found = judged(run, moved, tmp_path / "eval", flip_at_test="off")
    held_out = training_data(f"imagefolder:{moved}", 3, 0.1).test
    assert held_out is not None
    assert found.scores.n == len(held_out) == 4
    assert "each image was shown as it is alone; the run judged its network on mirror images too" in found.remarks


def test_the_images_trained_on_are_counted_where_that_is_asked(run: Path, photographs: Path, tmp_path: Path) -> None:
    found = judged(run, photographs, tmp_path / "eval", split="train")
    assert found.scores.n == 32
    assert "counted are the 32 images that the run has trained on, of 40" in found.remarks


def test_where_files_were_added_those_trained_on_are_said_to_be_among_them(
    run: Path, photographs: Path, tmp_path: Path
) -> None:
    added = shutil.copy(photographs / "temple" / "0.png", photographs / "temple" / "another.png")
    try:
        found = judged(run, photographs, tmp_path / "eval")
    finally:
        Path(added).unlink()
    assert found.scores.n == 41
    assert any("trained on are among these 41" in remark for remark in found.remarks)


def test_other_images_are_all_counted(run: Path, photographs: Path, tmp_path: Path) -> None:
    other = shutil.copytree(photographs, tmp_path / "other")
    (other / "flower" / "0.png").unlink()
    found = judged(run, other, tmp_path / "eval")
    assert found.scores.n == 39
    assert not any("trained" in remark for remark in found.remarks)


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_folder_that_is_no_run_tells_of_no_training(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    assert not training_of(str(tmp_path)).config
    assert not training_of("resnet50@DEFAULT").flips


def test_a_choice_that_is_none_is_refused() -> None:
    with pytest.raises(ResnetlabError, match="--flip-at-test yes is impossible\ngive auto, on, off"):
        evaluate("resnet20", "digits", flip_at_test="yes")
