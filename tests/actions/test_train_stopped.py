"""What is stopped, killed or goes wrong loses nothing: the run goes on, or says why it cannot."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from short_training import short

from resnetlab import train
from resnetlab.actions.judging.scores import Scorer
from resnetlab.core.errors import (
    CheckpointError,
    DivergedError,
    OutputError,
    ResnetlabError,
)
from resnetlab.core.locks import locked
from resnetlab.training.checkpoints import load_last, save_checkpoint
from resnetlab.training.interruption import Interrupted
from resnetlab.training.loop import take_step


@pytest.fixture(autouse=True)
def without_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer to draw than these networks to train; test_train.py looks at them."""
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(**short(folder))
    return folder


@pytest.mark.parametrize(
    ("place", "number"),
    [
        ("step", signal.SIGTERM),
        ("step", signal.SIGINT),
        ("evaluation", signal.SIGTERM),
        ("save", signal.SIGTERM),
        pytest.param("evaluation", signal.SIGINT, marks=pytest.mark.full),
        pytest.param("save", signal.SIGINT, marks=pytest.mark.full),
    ],
)
def test_a_signal_saves_and_leaves_and_the_run_ends_as_if_none_had_come(
    number: signal.Signals, place: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[str] = []

    def once(name: str, original: Any) -> Any:
        def with_signal(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            count.append(name)
            if name == place and not raised and len(count) > 3:
                raised.append(name)
                os.kill(os.getpid(), number)
            return result

        count: list[str] = []
        return with_signal

    monkeypatch.setattr("resnetlab.training.loop.take_step", once("step", take_step))
    if place == "evaluation":
        monkeypatch.setattr("torch.Tensor.argmax", once("evaluation", torch.Tensor.argmax))
    if place == "save":
        monkeypatch.setattr("resnetlab.actions.runs.call.save_checkpoint", once("save", save_checkpoint))
    changes = {"save_every": 5} if place == "save" else {"batch_size": 64}
    with pytest.raises(Interrupted) as stopped:
        train(**short(tmp_path / "stopped", **changes))
    monkeypatch.undo()
    assert stopped.value.exit_code == {signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    train(resume=tmp_path / "stopped", quiet=True)
    for name in ("metrics.jsonl", "model.safetensors"):
        assert (whole / name).read_bytes() == (tmp_path / "stopped" / name).read_bytes()


def test_a_signal_in_the_last_evaluation_ends_it_and_the_resumed_run_is_judged(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(self: Scorer, logits: torch.Tensor, labels: torch.Tensor) -> None:
        signal.raise_signal(signal.SIGTERM)
        monkeypatch.undo()
        self.add(logits, labels)

    monkeypatch.setattr(Scorer, "add", add)
    with pytest.raises(Interrupted) as stopped:
        train(**short(tmp_path / "run"))
    assert stopped.value.exit_code == 143
    found = train(resume=tmp_path / "run", quiet=True)
    assert found.evaluation is not None
    assert (whole / "model.safetensors").read_bytes() == (tmp_path / "run" / "model.safetensors").read_bytes()


def test_a_resume_goes_on_from_the_checkpoint_that_is_named(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    train(resume=tmp_path / "run" / "checkpoints" / "previous.pt", quiet=True)
    assert "going on after step 19 of 38" in (tmp_path / "run" / "log.txt").read_text()
    for name in ("metrics.jsonl", "model.safetensors"):
        assert (whole / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    with pytest.raises(ResnetlabError, match="does not go with --resume"):
        train(resume=tmp_path / "run", output=tmp_path / "other")


def test_a_run_killed_before_its_first_checkpoint_begins_anew(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    shutil.copy(whole / "config.yaml", tmp_path / "run")
    (tmp_path / "run" / ".lock").touch()
    train(resume=tmp_path / "run", quiet=True)
    assert (whole / "model.safetensors").read_bytes() == (tmp_path / "run" / "model.safetensors").read_bytes()


def test_a_folder_with_nothing_but_a_lock_is_free(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").touch()
    assert train(**short(tmp_path / "run", epochs=1)).steps == 19


def test_max_time_stops_and_saves(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="max-time") as stopped:
        train(**short(tmp_path / "run", epochs=1000, max_time="1s"))
    assert stopped.value.exit_code == 0
    assert 0 < load_last(tmp_path / "run").content["step"] < 19_000


def test_a_resume_with_other_settings_is_refused(tmp_path: Path) -> None:
    train(**short(tmp_path / "run", epochs=1))
    with pytest.raises(ResnetlabError, match="epochs: 1 then, 3 now"):
        train(resume=tmp_path / "run", epochs=3)
    with pytest.raises(ResnetlabError, match="is no folder of a run"):
        train(resume=tmp_path)


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    train(**short(tmp_path / "run", epochs=1))
    train(**short(tmp_path / "other", epochs=1, model="resnet20[width=8]"))
    for name in ("last.pt", "previous.pt"):
        other = (tmp_path / "other" / "checkpoints" / name).read_bytes()
        (tmp_path / "run" / "checkpoints" / name).write_bytes(other)
    with pytest.raises(CheckpointError, match="is of another network"):
        train(resume=tmp_path / "run")


@pytest.mark.parametrize("broken", ["loss", "gradient"])
def test_what_is_not_finite_stops_before_the_step_and_is_named(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def spoiled(state: Any, batch: Any, rule: Any) -> None:
        calls.append(1)
        if len(calls) == 25 and broken == "loss":
            batch.images[0, 0, 0, 0] = float("nan")
        if len(calls) == 25 and broken == "gradient":
            state.model.fc.weight.register_hook(lambda gradient: gradient * float("inf"))
        take_step(state, batch, rule)

    monkeypatch.setattr("resnetlab.training.loop.take_step", spoiled)
    with pytest.raises(DivergedError) as diverged:
        train(**short(tmp_path / "run"))
    assert diverged.value.step == 25
    assert diverged.value.tensor == {"loss": "loss (nan)", "gradient": "gradient of fc.weight"}[broken]
    last = load_last(tmp_path / "run").content
    assert last["step"] == 19
    assert all(tensor.isfinite().all() for tensor in last["model"].values())


def test_a_second_run_in_a_folder_is_refused_while_the_first_writes(tmp_path: Path) -> None:
    train(**short(tmp_path / "run", epochs=1))
    with locked(tmp_path / "run"), pytest.raises(OutputError, match="another run is writing"):
        train(resume=tmp_path / "run")
    with pytest.raises(OutputError, match="holds files already"):
        train(**short(tmp_path / "run"))
