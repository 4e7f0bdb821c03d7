"""Every number behind the health rules agrees with one from elsewhere, and no look leaves a trace."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import planted_faults as faults
import pytest
import torch
from health_cases import Batches
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.effective_rank import MOST_ROWS, effective_rank, feature_rows
from resnetlab.analysis.gradient_noise import noise_scale
from resnetlab.analysis.health import HealthFinding, Severity, worst_first
from resnetlab.analysis.health_look import HealthLook, look_at_health
from resnetlab.analysis.health_rules import RULES
from resnetlab.analysis.health_structure import Structure


def test_a_look_leaves_everything_as_it_was(
    batches: Batches, fingerprint: Callable[[nn.Module], dict[str, Any]]
) -> None:
    for model in (faults.Residual(), faults.with_frozen_stem(), faults.Residual(unused="layer1")):
        before, random = fingerprint(model), torch.random.get_rng_state()
        look_at_health(model, batches)
        assert fingerprint(model) == before
        assert torch.equal(torch.random.get_rng_state(), random)


def test_the_numbers_of_a_layer_are_those_of_a_plain_pass(batches: Batches) -> None:
    model = faults.Residual()
    given: list[Tensor] = []
    handle = model.conv1.register_forward_hook(lambda module, inputs, output: given.append(output))
    twin = copy.deepcopy(model)
    look = look_at_health(model, batches)
    layer = look.layers[0]
    handle.remove()
    everything = torch.cat(given[: len(batches)]).detach()
    assert layer.name == "conv1"
    assert layer.mean == pytest.approx(everything.mean().item(), abs=1e-6)
    assert layer.std == pytest.approx(everything.std(correction=0).item(), rel=1e-5)
    norms = []
    for images, labels in batches:
        twin.zero_grad()
        F.cross_entropy(twin.train()(images), labels).backward()
        assert twin.fc.weight.grad is not None
        norms.append(twin.fc.weight.grad.norm().item())
    found = {one.name: one.gradient for one in look.parameters}["fc.weight"]
    assert found == pytest.approx(np.sqrt(np.mean(np.square(norms))), rel=1e-5)


def test_effective_rank_is_that_of_known_spectra() -> None:
    directions, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 4)))
    centred = directions - directions.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    shares = values / values.sum()
    expected = math.exp(-(shares * np.log(shares)).sum())
    assert effective_rank(torch.from_numpy(directions)) == pytest.approx(expected)
    line = torch.linspace(0, 1, 32)[:, None] * torch.tensor([[1.0, 2.0, -3.0]])
    assert effective_rank(line) == pytest.approx(1.0, abs=1e-3)
    assert effective_rank(torch.ones(8, 3)) == 0.0


def test_rows_of_features_are_channels_at_single_places() -> None:
    output = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).float()
    rows = feature_rows(output, channels_last=False)
    assert torch.equal(rows, output.permute(0, 2, 3, 1).reshape(-1, 3))


def test_rows_of_many_features_come_from_all_over_the_images() -> None:
    images, side = 64, 16
    place = torch.arange(images * side * side).reshape(images, 1, side, side).float()
    at = feature_rows(place, channels_last=False).long().flatten()
    assert len(at.unique()) == MOST_ROWS
    assert set((at % side).tolist()) == set((at // side % side).tolist()) == set(range(side))
    assert len((at // side**2).unique()) > images / 2


def test_noise_scale_is_that_of_gradients_drawn_with_known_noise() -> None:
    generator = np.random.default_rng(0)
    true, deviation, small, large, draws = np.full(20, 0.5), 2.0, 8, 64, 4000
    squares = [
        (true + generator.normal(scale=deviation / math.sqrt(size), size=(draws, 20))).__pow__(2).sum(axis=1).mean()
        for size in (small, large)
    ]
    expected = 20 * deviation**2 / (true**2).sum()
    assert noise_scale(float(squares[0]), float(squares[1]), small, large) == pytest.approx(expected, rel=0.05)
    assert noise_scale(1.0, 0.01, 8, 64) is None  # less than noise alone would leave


def test_every_rule_says_where_its_limit_comes_from_and_what_to_do() -> None:
    for rule in RULES:
        assert rule.source
        assert len(rule.advice) > 40
        assert not rule.advice.endswith(".")


def test_errors_come_before_warnings_before_the_rest() -> None:
    severities: tuple[Severity, ...] = ("info", "error", "warning")
    found = [HealthFinding("rule", one, None, None, None, "") for one in severities]
    assert [one.severity for one in worst_first(found)] == ["error", "warning", "info"]


def test_a_rule_fires_only_beyond_its_limit(batches: Batches) -> None:
    look: HealthLook = look_at_health(faults.Residual(), batches)
    for rule in RULES:
        beyond = [value for _, value in rule.measure(look, Structure()) if rule.fires(value)]
        assert rule.severity == "info" or beyond == []
        assert not rule.fires(rule.limit)
        assert not rule.fires(math.nan)
