"""What a training begins with: compiled where that is asked; beside shares nothing that needs all of the network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.preparation import Trial
from resnetlab.actions.runs.starting_state import Numbers, refuse_beside_shard
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.actions.train import run
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.distributed import World

TWO = World(ranks=2)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a moving average": ({"ema": 0.9}, "--ema does not go with --shard\nleave one of them out"),
    "probes": ({"probe": 5}, "--probe does not go with --shard"),
    "compiling": ({"compile": True}, "--compile does not go with --shard"),
    "Muon": ({"optim": {"name": "muon"}}, "--optim.name muon does not go with --shard\ngive sgd or adamw"),
    "LAMB": ({"optim": {"name": "lamb"}}, "--optim.name lamb does not go with --shard"),
}


def asked(**changes: Any) -> TrainSettings:
    return settings_from(TrainSettings, **{"model": "resnet20", "data": "digits", "shard": True} | changes)


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_needs_the_whole_network_is_refused_beside_shares(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ResnetlabError) as refusal:
        Numbers.of(asked(**changes), TWO)
    assert str(refusal.value).startswith(message)
    assert len(str(refusal.value).splitlines()) <= 3


def test_a_process_that_is_alone_shares_nothing_out_and_refuses_nothing() -> None:
    assert Numbers.of(asked(ema=0.9), World()).in_words["memory format"].startswith("channels last: ")


def test_the_order_of_weights_that_are_shared_out_is_said() -> None:
    refuse_beside_shard(asked(optim={"name": "adamw"}))
    said = Numbers.of(asked(), TWO).in_words["memory format"]
    assert said.startswith("images channels last: ")
    assert said.endswith("; weights channels first, as they are shared out")


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # of what torch.compile imports
def test_a_compiled_training_has_the_losses_of_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)
    losses = []
    for name in ("compiled", "plain"):
        settings = {"output": tmp_path / name, "compile": name == "compiled", "precision": "fp32", "quiet": True}
        short = {"model": "resnet20[width=4,depths=1/1/1]", "steps": 2, "batch_size": 16, "validation": 0}
        run(asked(shard=False, **settings, **short), network_to_train, trial=Trial(2))  # without an evaluation
        lines = map(json.loads, (tmp_path / name / "metrics.jsonl").read_text().splitlines())
        losses.append([line["loss"] for line in lines if line["kind"] == "step"])
    assert len(losses[0]) == 2
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
