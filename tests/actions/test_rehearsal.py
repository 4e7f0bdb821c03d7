"""Before a training: what it will do is told as it then happens, and a sweep writes a figure and trains nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.rehearsal import plan_training, suggest_learning_rate
from resnetlab.actions.runs.rehearsal_table import plan_table
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.actions.train import train
from resnetlab.core.errors import InputSizeError
from resnetlab.core.terminal import show

SETTINGS = {"model": "resnet20[width=4]", "data": "digits", "recipe": "digits", "epochs": 1, "quiet": True}


def test_a_plan_tells_what_then_happens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = settings_from(TrainSettings, **SETTINGS, output=tmp_path / "run")
    plan = plan_training(asked, network_to_train)
    assert not (tmp_path / "run").exists()
    found = train(**SETTINGS, output=tmp_path / "run")
    assert plan.steps == found.steps == 1259 // 64
    assert plan.images == {"training": 1259, "validation": 141, "test": 397}
    assert found.evaluation is not None
    assert found.evaluation.scores.n == plan.images["test"]
    assert plan.seconds_per_step > 0
    show(plan_table(plan))
    assert f"{plan.parameters:,} parameters" in capsys.readouterr().out


def test_a_plan_times_every_size_of_images_that_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_long_as_its_pixels(ready: object, first: int) -> float:
        return {0: 4.0, 6: 16.0, 10: 64.0}[first]

    monkeypatch.setattr("resnetlab.actions.runs.rehearsal._seconds", as_long_as_its_pixels)
    growing = {"steps": 20, "grow": {"sides": [2, 4], "until": [0.3, 0.5]}}
    plan = plan_training(settings_from(TrainSettings, **SETTINGS | growing), network_to_train)
    assert plan.seconds == pytest.approx(6 * 4 + 4 * 16 + 10 * 64)


def test_sizes_that_the_network_cannot_see_are_refused_before_training(tmp_path: Path) -> None:
    settings = SETTINGS | {"model": "densenet121", "size": 64, "grow": {"sides": [8], "until": [0.5]}}
    with pytest.raises(InputSizeError, match="8×8 pixels are too small"):
        train(**settings, output=tmp_path / "run")


def test_a_sweep_suggests_a_rate_between_its_ends_and_draws_it(tmp_path: Path) -> None:
    asked = settings_from(TrainSettings, **SETTINGS, output=tmp_path / "sweep")
    found, figure = suggest_learning_rate(asked, network_to_train)
    assert found.suggestion is not None
    assert 1e-5 < found.suggestion < 10
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "sweep" / "checkpoints").exists()
