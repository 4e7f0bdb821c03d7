"""The claims about batch norm before the first step: biases in front of it, and blocks that start as the identity."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from judging import verdicts
from torch import nn

from resnetlab.data import digits
from resnetlab.experiments.base import Arm, Results, Run
from resnetlab.experiments.claims import bn_identity_bias, conv_bias_redundant
from resnetlab.pages.svg import figure_png

SEEDS = range(20)

# Biases


def test_biases_are_rounding_until_they_come_late():
    torch.manual_seed(0)
    found = conv_bias_redundant.measure(Run(Arm("net"), seed=0))
    assert max(found["training"], found["gradient"], found["evaluation"]) < 1e-12
    assert found["added_later"] > 0.1


def test_a_bias_that_does_something_is_told():
    planted_values = {"training": 1e-14, "gradient": 1e-3, "evaluation": 1e-14, "added_later": 1.0}
    results = Results({conv_bias_redundant.ARM: {0: planted_values, 1: dict.fromkeys(planted_values, 0.0)}})
    assert verdicts(conv_bias_redundant.CLAIM, results) == ["mixed", "holds", "does not hold", "holds"]
    assert figure_png(conv_bias_redundant.CLAIM.figure(results))


def test_without_a_norm_behind_it_a_bias_is_seen():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.ReLU())
    biased = conv_bias_redundant.with_biases(nn.Sequential(nn.Conv2d(1, 4, 3, bias=False), nn.ReLU()))
    biased[0].weight = model[0].weight
    assert conv_bias_redundant.difference(model, biased, digits().train_images[:4]) > 0.1


# The identity


def test_the_stream_of_a_network_grows_as_its_convolutions_say():
    """Without BN a block adds what comes in, a second time, but for what two convolutions lose at the borders."""
    torch.manual_seed(0)
    run = Run(Arm("without BN", "none"), seed=0)
    curves = np.array([bn_identity_bias.measure(run)["log_variance"] for _ in range(6)])
    kept = (22 / 24) ** 2  # of the nine weights' inputs, over the 64 pixels of a digit
    assert (curves[:, -1] - curves[:, 4]).mean() / 27 == pytest.approx(math.log(1 + kept**2), abs=0.12)


@pytest.mark.parametrize(
    ("with_norm", "without", "words"),
    [
        (lambda block: np.log(block), lambda block: 0.5 * block, ["supported", "supported", "supported"]),
        (lambda block: 2 * np.log(block), lambda block: 0.5 * block, ["mixed", "reversed", "supported"]),
        (lambda block: 0.5 * block, lambda block: 3 * np.log(block), ["reversed", "reversed", "reversed"]),
    ],
)
def test_identity_bias_follows_the_curves(with_norm, without, words):
    blocks = bn_identity_bias.PLACES
    noise = np.random.default_rng(0).normal(0, 0.05, (2, len(SEEDS), len(blocks)))
    curves = {
        bn_identity_bias.WITH: with_norm(blocks) + noise[0],
        bn_identity_bias.WITHOUT: without(blocks) + noise[1],
    }
    results = Results(
        {arm: {seed: {"log_variance": list(rows[seed])} for seed in SEEDS} for arm, rows in curves.items()}
    )
    assert verdicts(bn_identity_bias.CLAIM, results) == words
    assert figure_png(bn_identity_bias.CLAIM.figure(results))
