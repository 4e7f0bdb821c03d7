"""A hub on this machine, a process that uses it, and what a run leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hub_user import HubUser, hub_user
from local_hub import LocalHub, local_hub

from resnetlab import create_model
from resnetlab.specs.classes import CIFAR10
from resnetlab.weights import save
from resnetlab.weights.layouts.cifar import AS_IMAGENET
from twins import enliven


@pytest.fixture(scope="session")
def hub() -> Iterator[LocalHub]:
    with local_hub() as running:
        yield running


@pytest.fixture(scope="session")
def ask(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubUser]:
    with hub_user(hub.address, tmp_path_factory.mktemp("hub")) as user:
        yield user


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """What a training run and an evaluation leave."""
    torch.manual_seed(0)
    model = enliven(create_model("resnet20", width=4, depths="1/1/1"), torch.randn(4, 3, 32, 32)).eval()
    save(
        model,
        tmp_path,
        classes=CIFAR10,
        preprocessing=AS_IMAGENET,
        source="trained for this test",
        licence="Apache-2.0",
    )
    scores = {"n": 10_000, "top1": 91.73, "top5": None, "loss": 0.31, "calibration_error": 4.5}
    told = {"schema": 1, "data": "cifar10", **scores, "confusion": [[1]]}
    (tmp_path / "eval.json").write_text(json.dumps(told), encoding="utf-8")
    (tmp_path / "summary.csv").write_text("epoch,loss,top1\n1,2.1,30.5\n2,1.5,47.25\n", encoding="utf-8")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "training_curve.png").write_bytes(b"\x89PNG picture")
    return tmp_path
