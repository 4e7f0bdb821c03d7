"""A trained network with what its training left: trained once, then read from its file."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resnetlab.data import ImageData
from resnetlab.nn.init import draw_by_name
from resnetlab.training import History, TrainingPlan, evaluate, train
from resnetlab.weights import create_model

WIDTH = 8
PLAN = TrainingPlan()


@dataclass(frozen=True)
class Training:
    """Which network is trained, how wide, and by which plan.

    Args:
        model: a row of the zoo.
        width: of its first stage.
        plan: epochs, rate, batch size.
        fields: of the row that are changed, as in `create_model`: (("shortcut", "B"),).
    """

    model: str
    width: int = WIDTH
    plan: TrainingPlan = PLAN
    fields: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        changed = ",".join(f"{field}={value}" for field, value in self.fields)
        return f"{self.model}[{changed}]" if changed else self.model

    def build(self, data: ImageData, seed: int) -> nn.Module:
        """The untrained network; layers of one name and shape are drawn alike in all networks of a seed."""
        torch.manual_seed(seed)
        fields = {"width": self.width, **dict(self.fields)}
        model = create_model(self.model, len(data.classes), data.channels, **fields)
        draw_by_name(model)
        return model


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """The network with what its training left.

    Args:
        model: in evaluation mode.
        history: losses by step and by epoch.
        train_loss: cross-entropy on the training images after training, evaluation mode. A run that diverged has
            the untrained network's loss here.
        train_error: share of training images classified wrong.
        test_loss: as `train_loss`, on the test images.
        test_error: as `train_error`, on the test images.
        untrained_loss: the training loss before the first step.
    """

    model: nn.Module
    history: History
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    untrained_loss: float


def train_or_load(training: Training, data: ImageData, seed: int, file: Path) -> TrainedNetwork:
    """The trained network, from its file where there is one; else it is trained and the file written.

    Args:
        training: which network, by which plan.
        data: what it is trained on.
        seed: of the initial draw and of the data order.
        file: where it is kept; written whole or not at all.
    """
    if not file.exists():
        _save(_train(training, data, seed), file)
    kept: dict[str, Any] = torch.load(file, weights_only=True)
    model = training.build(data, seed)
    model.load_state_dict(kept.pop("state"))
    return TrainedNetwork(model=model.eval(), history=History(**kept.pop("history")), **kept)


def _train(training: Training, data: ImageData, seed: int) -> TrainedNetwork:
    model = training.build(data, seed)
    model.train()
    with torch.no_grad():
        start = nn.functional.cross_entropy(model(data.train_images), data.train_labels).item()
    model = training.build(data, seed)  # the look at the start moved the running statistics
    history = train(model, data, training.plan, seed)
    train_loss, train_error = evaluate(model, data.train_images, data.train_labels)
    test_loss, test_error = evaluate(model, data.test_images, data.test_labels)
    if not math.isfinite(train_loss):
        history.diverged = True
    if history.diverged:
        train_loss, test_loss = start, start
    return TrainedNetwork(model, history, train_loss, train_error, test_loss, test_error, start)


def _save(trained: TrainedNetwork, file: Path) -> None:
    kept = {name: getattr(trained, name) for name in TrainedNetwork.__dataclass_fields__ if name != "model"}
    kept["history"] = asdict(trained.history)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    torch.save({"state": trained.model.state_dict(), **kept}, unfinished)
    os.replace(unfinished, file)
