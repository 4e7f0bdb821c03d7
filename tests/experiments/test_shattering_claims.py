"""The claim about shattered gradients: how correlation is counted, along which path, and what decides."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from judging import verdicts
from torch.nn import functional as F

from resnetlab.analysis import autocorrelation
from resnetlab.data import digits
from resnetlab.experiments.base import Results
from resnetlab.experiments.claims import shattered_gradients
from resnetlab.pages.svg import figure_png

SEEDS = range(20)


def test_uncentred_autocorrelation_is_the_sum_of_products():
    series = torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1
    values = series.numpy()
    expected = [(values[: 40 - lag] * values[lag:]).sum() / (values**2).sum() for lag in range(6)]
    np.testing.assert_allclose(autocorrelation(series, 5, centred=False).values, expected, atol=1e-12)


def test_the_path_leads_straight_from_digit_to_digit():
    path = shattered_gradients.path(digits()).flatten(1)
    steps = shattered_gradients.STEPS
    assert len(path) == (shattered_gradients.PLACES - 1) * steps
    assert path.mean().item() == pytest.approx(0, abs=1e-6)
    assert path.std().item() == pytest.approx(1)
    stops = path[::steps]
    images = digits().train_images[: len(stops)].flatten(1)
    torch.testing.assert_close(
        F.normalize(stops[1] - stops[0], dim=0), F.normalize(images[1] - images[0], dim=0), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(path[steps // 2], (stops[0] + stops[1]) / 2)


def test_one_plain_block_halves_the_correlation():
    """The theorem for L = 1: of the units that are active at one input half are at another that is unlike it."""
    grid = torch.randn(600, 64, 1, 1, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    model = shattered_gradients.reestimate_batchnorm(shattered_gradients.network(64, 1, skips=False), [grid]).eval()
    gradients = shattered_gradients.input_gradients(model, grid)
    assert autocorrelation(gradients, 3, centred=False).values[3] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("plain", "residual", "words"),
    [
        (shattered_gradients.HALVING, shattered_gradients.ROOT, ["supported", "supported", "supported"]),
        (shattered_gradients.ROOT, shattered_gradients.HALVING, ["reversed", "reversed", "reversed"]),
        (shattered_gradients.HALVING, shattered_gradients.HALVING, ["mixed", "supported", "reversed"]),
    ],
)
def test_shattering_follows_the_law_of_the_curves(plain, residual, words):
    noise = np.random.default_rng(0).normal(0, 0.01, (2, len(SEEDS), len(shattered_gradients.DEPTHS)))
    laws = {shattered_gradients.PLAIN: plain, shattered_gradients.RESIDUAL: residual}
    along = [0.9**lag for lag in range(len(shattered_gradients.LAGS))]
    results = Results(
        {
            arm: {
                seed: {
                    "by_depth": list(0.9 * shattered_gradients.LAWS[law] + noise[place, seed]),
                    "along_path": along,
                    "noise": 0.01,
                }
                for seed in SEEDS
            }
            for place, (arm, law) in enumerate(laws.items())
        }
    )
    assert verdicts(shattered_gradients.CLAIM, results) == words
    assert figure_png(shattered_gradients.CLAIM.figure(results))
