"""The recipe `fast`: told how it was judged, and resumed to the bit with Muon's momentum."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resnetlab import train
from resnetlab.actions.runs.evaluation import FLIPPED_TOO
from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.actions.verify_resume import verify_resume

SHORT: dict[str, Any] = {
    "recipe": "fast",
    "model": "resnet8_fast[width=8]",
    "data": "digits",
    "batch_size": 64,
    "epochs": 1,
    "quiet": True,
}


@pytest.fixture(autouse=True)
def without_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer to draw than this network to train."""
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)


@pytest.mark.parametrize("flips", [True, False])
def test_images_shown_both_ways_in_the_judgement_are_told_wherever_its_figures_stand(
    flips: bool, tmp_path: Path
) -> None:
    found = train(**SHORT, flip_at_test=flips, output=tmp_path / "run")
    written = json.loads((tmp_path / "run" / "eval.json").read_text())
    for told in (found.as_json()["remarks"], written["remarks"], found.in_words):
        assert (FLIPPED_TOO in told) == flips


def test_a_training_with_muon_resumes_to_the_bit() -> None:
    asked = settings_from(TrainSettings, **SHORT, precision="bf16", channels_last="on")
    proof = verify_resume(asked, network_to_train)
    assert proof.differ == ()
    assert proof.compared > 50
