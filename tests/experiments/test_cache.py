"""A kept run is found again by everything its numbers depend on, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from claim_files import write_coin

from resnetlab.core.errors import OutputError
from resnetlab.data import load_data
from resnetlab.experiments import cache as caching
from resnetlab.experiments.cache import Cache
from resnetlab.experiments.tiers import Tier
from resnetlab.experiments.trained import Training, train_or_load
from resnetlab.training import TrainingPlan

SHORT = Training("resnet20", width=2, plan=TrainingPlan(epochs=1))


def test_a_network_is_found_by_row_plan_data_and_seed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    files = {
        cache.network_file(training, data, seed)
        for training in (SHORT, Training("plain20", width=2), Training("resnet20", width=4))
        for data in ("digits", "others")
        for seed in (0, 1)
    }
    assert len(files) == 12
    assert cache.network_file(SHORT, "digits", 0) in files


@pytest.mark.parametrize("changed", ["code_fingerprint", "versions"])
def test_other_code_or_versions_are_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    file, cache = str(write_coin(tmp_path)), Cache(tmp_path)
    before = cache.records_file(file, "coin", "digits"), cache.network_file(SHORT, "digits", 0)
    monkeypatch.setattr(caching, changed, lambda *_: "something else")
    assert cache.records_file(file, "coin", "digits") != before[0]
    assert cache.network_file(SHORT, "digits", 0) != before[1]


def test_a_kept_network_is_the_trained_one(tmp_path: Path) -> None:
    data, file = load_data("digits"), tmp_path / "pool" / "net"
    first = train_or_load(SHORT, data, 3, file)
    written = file.stat().st_mtime_ns
    again = train_or_load(SHORT, data, 3, file)
    assert file.stat().st_mtime_ns == written
    assert again.history == first.history
    for ours, theirs in zip(again.model.state_dict().values(), first.model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    assert [path.name for path in file.parent.iterdir()] == ["net"]


def test_a_run_that_diverged_has_the_loss_of_the_untrained_network(tmp_path: Path) -> None:
    wild = Training("plain20", width=2, plan=TrainingPlan(epochs=1, lr=1e30, schedule="constant"))
    trained = train_or_load(wild, load_data("digits"), 0, tmp_path / "net")
    assert trained.history.diverged
    assert trained.train_loss == trained.untrained_loss == pytest.approx(2.3, abs=1.0)


def test_a_cache_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--cache"):
        Cache.at(tmp_path / "file" / "cache")


def test_every_tier_has_records_of_its_own(tmp_path: Path) -> None:
    files = {Cache(tmp_path).records_file("degradation", "degradation", "digits", tier) for tier in Tier}
    assert len(files) == len(Tier)
