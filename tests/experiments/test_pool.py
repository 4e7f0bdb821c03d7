"""The pool: what its runs tell about their training."""

from __future__ import annotations

from torch import nn

from resnetlab.experiments import pool
from resnetlab.experiments.base import Run
from resnetlab.experiments.trained import PLAN, TrainedNetwork
from resnetlab.training import History


def test_a_diverged_run_counts_as_untrained_from_there_on_so_that_all_runs_have_as_many_epochs() -> None:
    (arm,) = pool.arms("plain20")
    history = History(epoch_losses=[2.0, 1.5], diverged=True)
    run = Run(arm, seed=0, trained=TrainedNetwork(nn.Identity(), history, 2.3, 0.9, 2.3, 0.9, untrained_loss=2.3))
    assert pool.epoch_losses(run) == [2.0, 1.5] + [2.3] * (PLAN.epochs - 2)
