"""Long sweeps of what test_train.py shows in short: signals at any moment, any settings, numbers that are lost."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from resnetlab import train
from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.actions.verify_resume import verify_resume
from resnetlab.core.errors import DivergedError
from resnetlab.training.checkpoints import load_last, save_checkpoint
from resnetlab.training.interruption import Interrupted
from resnetlab.training.loop import take_step

pytestmark = pytest.mark.full

SIGNALS, PROOFS, LOST = 50, 30, 10
PLACES = {  # what is interrupted, and how often it happens in the training below
    "resnetlab.training.loop.take_step": (take_step, 38),
    "torch.Tensor.argmax": (torch.Tensor.argmax, 4),
    "resnetlab.actions.runs.call.save_checkpoint": (save_checkpoint, 8),
}


@pytest.fixture(autouse=True)
def without_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(**tiny(folder))
    return folder


def tiny(folder: Path, **changes: Any) -> dict[str, Any]:
    settings = {"model": "resnet20[width=4]", "data": "digits", "recipe": "digits", "epochs": 2, "quiet": True}
    return settings | {"output": folder, "save_every": 6} | changes


@pytest.mark.parametrize("case", range(SIGNALS))
def test_a_signal_at_any_moment_leaves_within_five_seconds_and_loses_nothing(
    case: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(case)
    number = chance.choice([signal.SIGTERM, signal.SIGINT])
    place, (original, times) = chance.choice(list(PLACES.items()))
    turn, seen, sent = chance.randrange(1, times), [], []

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        seen.append(place)
        if len(seen) == turn:
            sent.append(time.monotonic())
            os.kill(os.getpid(), number)
        return original(*args, **kwargs)

    monkeypatch.setattr(place, interrupted)
    with pytest.raises(Interrupted) as stopped:
        train(**tiny(tmp_path / "run"))
    assert time.monotonic() - sent[0] < 5
    assert stopped.value.exit_code == {signal.SIGTERM: 143, signal.SIGINT: 130}[number]
    monkeypatch.setattr(place, original)
    train(resume=tmp_path / "run", quiet=True)
    for name in ("metrics.jsonl", "model.safetensors"):
        assert (whole / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


@pytest.mark.parametrize("case", range(PROOFS))
def test_settings_of_any_kind_resume_to_the_bit(case: int, tmp_path: Path) -> None:
    chance = random.Random(case)
    changes = {
        "model": chance.choice(["resnet20[width=4,drop_path=0.3]", "preact_resnet18[width=8]", "plain20[width=4]"]),
        "precision": chance.choice(["fp32", "auto"]),
        "channels_last": chance.choice(["on", "off"]),
        "accumulate": chance.choice([1, 2, 3]),
        "batch_size": chance.choice([32, 50, 64]),
        "ema": chance.choice([None, 0.9]),
        "label_smoothing": chance.choice([0.0, 0.1]),
        "save_every": chance.choice([None, 1, 5]),
        "seed": case,
        "optim": {
            "name": chance.choice(["sgd", "adamw", "lamb", "muon"]),
            "lr": 0.01,
            "clip": chance.choice([None, 1.0]),
            "stage_decay": chance.choice([1.0, 0.7]),
        },
        "schedule": {"name": chance.choice(["constant", "cosine", "linear", "one-cycle"])},
        "augment": {
            "crop_padding": chance.choice([0, 2]),
            "flip": chance.choice(["none", "random", "alternating"]),
            "cutout": chance.choice([0, 3]),
            "mixup": chance.choice([0.0, 0.3]),
            "cutmix": chance.choice([0.0, 0.5]),
        },
    }
    proof = verify_resume(settings_from(TrainSettings, **tiny(tmp_path, **changes)), network_to_train)
    assert proof.differ == ()


@pytest.mark.parametrize("case", range(LOST))
def test_a_number_that_is_lost_at_any_step_is_named_and_spoils_no_checkpoint(
    case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, calls = random.Random(case).randrange(2, 38), []

    def spoiled(state: Any, batch: Any, rule: Any) -> None:
        calls.append(1)
        if len(calls) == step and case % 2:
            batch.images[0, 0, 0, 0] = float("inf")
        elif len(calls) == step:
            state.model.fc.bias.register_hook(lambda gradient: gradient * float("nan"))
        take_step(state, batch, rule)

    monkeypatch.setattr("resnetlab.training.loop.take_step", spoiled)
    with pytest.raises(DivergedError) as diverged:
        train(**tiny(tmp_path / "run"))
    assert diverged.value.step == step
    assert diverged.value.tensor == ("loss (nan)" if case % 2 else "gradient of fc.bias")
    last = load_last(tmp_path / "run").content
    assert last["step"] < step
    assert all(tensor.isfinite().all() for tensor in last["model"].values())
