"""Autocorrelations are numpy's, white noise stays in its band and smooth gradients far above it."""

import numpy as np
import pytest
import torch
from torch import nn

from resnetlab.analysis import autocorrelation, gradient_autocorrelation, input_gradients
from resnetlab.core.errors import ResnetlabError


def test_the_autocorrelation_is_that_of_numpy():
    series = torch.randn(50, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    centred = series.numpy()[:, 0] - series.numpy().mean()
    expected = np.correlate(centred, centred, mode="full")[49:] / (centred**2).sum()
    np.testing.assert_allclose(autocorrelation(series, 49).values, expected, atol=1e-12)


def test_white_noise_stays_within_its_band():
    noise = torch.randn(4000, 3, generator=torch.Generator().manual_seed(1))
    result = autocorrelation(noise, 40)
    assert np.std(result.values[1:]) == pytest.approx(result.noise, rel=0.3)


def test_the_gradient_of_a_smooth_function_is_correlated_with_its_neighbour():
    class Square(nn.Module):
        def forward(self, x):
            return x.square().sum(dim=1)

    grid = torch.linspace(-2, 2, 256)[:, None]
    assert torch.equal(input_gradients(Square(), grid), 2 * grid)
    assert gradient_autocorrelation(Square(), grid, 5).values[1] > 0.98


def test_the_model_is_left_as_it_was(fingerprint):
    model = nn.Sequential(nn.Linear(1, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Linear(8, 1))
    before = fingerprint(model)
    gradient_autocorrelation(model, torch.linspace(-2, 2, 64)[:, None], 3)
    assert fingerprint(model) == before


def test_what_has_no_autocorrelation_is_refused():
    grid = torch.linspace(-2, 2, 8)[:, None]
    with pytest.raises(ResnetlabError, match="give 0 to 7"):
        gradient_autocorrelation(nn.Tanh(), grid, 8)
    with pytest.raises(ResnetlabError, match="same at every point"):
        gradient_autocorrelation(nn.Linear(1, 1), grid, 2)
