"""The noise of gradients from batch to batch, against what numpy tells of the same numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from resnetlab.analysis.gradient_noise import NoiseTally

BATCH = 32


def tallied(gradients: np.ndarray) -> NoiseTally:
    """Rows of ten numbers each, told as the gradients of two parameters."""
    tally = NoiseTally()
    for row in torch.tensor(gradients):
        tally.add([row[:6].reshape(2, 3), None, row[6:]])
    return tally


def test_norms_cosine_and_scale_are_those_of_the_batches_covariance() -> None:
    gradients = np.random.default_rng(0).normal(1, 0.5, (7, 10)).astype(np.float32)
    found = tallied(gradients).result(BATCH)
    assert (found.batch_size, found.batches) == (BATCH, 7)
    assert found.norm == pytest.approx(math.sqrt((gradients**2).sum(1).mean()), rel=1e-5)
    assert found.norm_of_mean == pytest.approx(np.linalg.norm(gradients.mean(0)), rel=1e-5)
    rows = torch.tensor(gradients)
    assert found.cosine == pytest.approx(F.cosine_similarity(rows[:-1], rows[1:]).mean().item(), rel=1e-5)
    trace = np.cov(gradients.T).trace()  # of the mean over a batch, so an image has BATCH times as much
    true_square = found.norm_of_mean**2 - trace / 7
    assert found.noise_scale == pytest.approx(BATCH * trace / true_square, rel=1e-4)


def test_many_batches_tell_the_scale_that_they_were_drawn_with() -> None:
    true, spread = np.full(10, 0.3), 2.0  # of single images, each number
    noise = np.random.default_rng(1).normal(0, spread / math.sqrt(BATCH), (4_000, 10))
    found = tallied((true + noise).astype(np.float32)).result(BATCH)
    assert found.noise_scale == pytest.approx(10 * spread**2 / (true @ true), rel=0.1)


def test_what_batches_cannot_tell_is_left_out() -> None:
    one = tallied(np.ones((1, 10), np.float32)).result(BATCH)
    assert (one.noise_scale, one.cosine) == (None, None)
    opposite = tallied(np.array([[1.0] * 10, [-1.0] * 10], np.float32)).result(BATCH)  # no true gradient is seen
    assert (opposite.noise_scale, opposite.cosine) == (None, pytest.approx(-1))
    alike = tallied(np.ones((3, 10), np.float32)).result(BATCH)
    assert (alike.noise_scale, alike.cosine) == (0.0, pytest.approx(1))
