"""Scores agree with scikit-learn, and with calibration error written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, top_k_accuracy_score

from resnetlab.actions.judging.scores import CALIBRATION_BINS, Scorer, Scores


def scored(logits: torch.Tensor, labels: torch.Tensor, batch: int) -> Scores:
    scorer = Scorer(logits.shape[1], "cpu")
    for part, truth in zip(logits.split(batch), labels.split(batch), strict=True):
        scorer.add(part, truth)
    return scorer.scores()


@pytest.mark.parametrize(("classes", "n", "batch"), [(10, 997, 64), (6, 50, 50), (100, 1234, 7)])
def test_scores_are_those_of_scikit_learn(classes: int, n: int, batch: int) -> None:
    generator = torch.Generator().manual_seed(classes)
    logits = 2 * torch.randn(n, classes, generator=generator)
    labels = torch.randint(classes, (n,), generator=generator)
    logits[torch.arange(n), labels] += 1.5
    found, shares = scored(logits, labels, batch), logits.double().softmax(1).numpy()
    every = list(range(classes))
    assert found.n == n
    assert found.top1 == pytest.approx(100 * accuracy_score(labels, shares.argmax(1)), abs=1e-9)
    assert found.top5 == pytest.approx(100 * top_k_accuracy_score(labels, shares, k=5, labels=every), abs=1e-9)
    assert found.loss == pytest.approx(log_loss(labels, shares, labels=every), rel=1e-5)
    assert np.array_equal(found.confusion, confusion_matrix(labels, shares.argmax(1), labels=every))


def test_calibration_error_is_the_gap_between_confidence_and_accuracy_bin_by_bin() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = 3 * torch.randn(2000, 10, generator=generator), torch.randint(10, (2000,), generator=generator)
    confidence, guess = logits.softmax(1).max(1)
    bins = np.minimum((confidence.numpy() * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    right = (guess == labels).numpy()
    gaps = [
        (bins == one).mean() * abs(right[bins == one].mean() - confidence.numpy()[bins == one].mean())
        for one in np.unique(bins)
    ]
    assert scored(logits, labels, 128).calibration_error == pytest.approx(100 * sum(gaps), rel=1e-4)


def test_a_network_that_is_as_sure_as_it_is_right_has_no_calibration_error() -> None:
    labels = torch.zeros(100, dtype=torch.long)
    labels[:30] = 1
    logits = torch.tensor([0.7, 0.3]).log().expand(100, 2)
    assert scored(logits, labels, 10).calibration_error == pytest.approx(0, abs=1e-3)


def test_the_five_likeliest_of_five_classes_say_nothing() -> None:
    assert scored(torch.eye(5), torch.arange(5), 2).top5 is None
