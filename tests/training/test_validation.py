"""Validation counts every image once, in exact sums, and leaves the network in its modes."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch import nn

from resnetlab.data.preparation import Batch
from resnetlab.training.validation import validate


@pytest.mark.parametrize("size", [1, 7, 64, 100])
def test_scores_are_scikit_learns_whatever_the_batches(size: int) -> None:
    torch.manual_seed(0)
    images, labels = torch.randn(100, 12), torch.randint(0, 5, (100,))
    model = nn.Sequential(nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Dropout()).train()
    batches = [Batch(*part) for part in zip(images.split(size), labels.split(size), strict=True)]
    scores = validate(model, batches)
    assert model.training
    assert model[2].training
    chances = model.eval()(images).detach().double().softmax(1)
    assert scores.n == 100
    assert scores.top1 == pytest.approx(100 * accuracy_score(labels, chances.argmax(1)))
    assert scores.loss == pytest.approx(log_loss(labels, chances, labels=range(5)), rel=1e-5)
