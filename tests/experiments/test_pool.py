"""The pool: what its runs tell about their training."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from resnetlab.experiments import pool, runner
from resnetlab.experiments.base import Kind, Run
from resnetlab.experiments.benches import Bench
from resnetlab.experiments.cache import Cache
from resnetlab.experiments.describe import list_claims
from resnetlab.experiments.trained import PLAN, TrainedNetwork, Training
from resnetlab.training import History


def test_a_diverged_run_counts_as_untrained_from_there_on_so_that_all_runs_have_as_many_epochs() -> None:
    (arm,) = pool.arms("plain20")
    history = History(epoch_losses=[2.0, 1.5], diverged=True)
    run = Run(arm, seed=0, trained=TrainedNetwork(nn.Identity(), history, 2.3, 0.9, 2.3, 0.9, untrained_loss=2.3))
    assert pool.epoch_losses(run) == [2.0, 1.5] + [2.3] * (PLAN.epochs - 2)


@pytest.mark.parametrize("diverged", [True, False])
def test_every_run_on_a_network_of_the_pool_says_whether_its_training_diverged(
    diverged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = TrainedNetwork(nn.Identity(), History(diverged=diverged), 2.3, 0.9, 2.3, 0.9, untrained_loss=2.3)
    monkeypatch.setattr(runner, "train_or_load", lambda *given: trained)
    (record,) = runner.MeasuringJob("degradation", "plain20", (0,), Bench(), Cache.at(tmp_path))()
    assert record.measures["diverged"] is diverged


def test_every_claim_on_the_pool_says_how_its_networks_were_trained_and_no_other_does() -> None:
    said = pool.in_words(Training("plain20"))
    assert [word in said for word in ("8 epochs", "batches of 128", "up to 0.1", "width 8")] == [True] * 4
    for claim in list_claims():
        assert (said in claim["text"]["protocol"]) == (Kind.POOL in claim["kind"]), claim["slug"]
