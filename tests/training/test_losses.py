"""Losses are those of PyTorch and of the paper's formula, for class numbers and for shares."""

from __future__ import annotations

import pytest
import timm.loss
import torch
from torch.nn import functional as F

from resnetlab.training.config import Config
from resnetlab.training.losses import build_loss

LOGITS = torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 2, 3, 4, 0])


def test_smoothed_cross_entropy_is_the_mean_of_a_smoothed_target() -> None:
    target = F.one_hot(LABELS, 5) * 0.9 + 0.1 / 5
    by_hand = -(target * F.log_softmax(LOGITS, 1)).sum(1).mean()
    assert build_loss(Config(label_smoothing=0.1))(LOGITS, LABELS).item() == pytest.approx(by_hand.item())


def test_binary_loss_counts_each_class_for_itself() -> None:
    target = F.one_hot(LABELS, 5).double()
    chance = torch.sigmoid(LOGITS)
    by_hand = -(target * chance.log() + (1 - target) * (1 - chance).log()).mean()
    assert build_loss(Config(loss="binary"))(LOGITS, LABELS).item() == pytest.approx(by_hand.item())


def test_binary_loss_of_mixed_images_is_that_of_timm() -> None:
    shares = torch.tensor([0.7, 0.3, 0.0, 0.0, 0.0]).repeat(6, 1)
    shares[0] = torch.tensor([0.9, 0.1, 0.0, 0.0, 0.0])  # the second is hardly there
    theirs = timm.loss.BinaryCrossEntropy(smoothing=0.0, target_threshold=0.2)
    assert build_loss(Config(loss="binary"))(LOGITS, shares).item() == pytest.approx(theirs(LOGITS, shares).item())


@pytest.mark.parametrize("loss", ["cross-entropy", "binary"])
def test_shares_of_one_class_are_that_class(loss: str) -> None:
    of = build_loss(Config(loss=loss, label_smoothing=0.2))  # type: ignore[arg-type]  # a name from a list of names
    assert of(LOGITS, F.one_hot(LABELS, 5).double()).item() == pytest.approx(of(LOGITS, LABELS).item())
