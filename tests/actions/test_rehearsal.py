"""Before a training: what it will do is told as it then happens, and a sweep writes a figure and trains nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnetlab.actions.rehearsal import plan_training, suggest_learning_rate
from resnetlab.actions.rehearsal_table import plan_table
from resnetlab.actions.train import train
from resnetlab.actions.train_settings import TrainSettings, settings_from
from resnetlab.actions.training_network import network_to_train
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


def test_a_sweep_suggests_a_rate_between_its_ends_and_draws_it(tmp_path: Path) -> None:
    asked = settings_from(TrainSettings, **SETTINGS, output=tmp_path / "sweep")
    found, figure = suggest_learning_rate(asked, network_to_train)
    assert found.suggestion is not None
    assert 1e-5 < found.suggestion < 10
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "sweep" / "checkpoints").exists()
