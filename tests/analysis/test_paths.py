"""Paths are counted exactly, and the gradients along all of them add up to the whole gradient."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
import scipy.stats
import torch
import torch.nn.functional as F
from torch import nn

from resnetlab.analysis import ResidualStep, gradient_by_path_length, path_length_distribution, share_of_paths
from resnetlab.analysis.paths import UnfoldedNetwork
from resnetlab.core.errors import ResnetlabError


@pytest.mark.parametrize("blocks", [0, 1, 9, 54, 600])
def test_path_lengths_are_binomial(blocks):
    shares = path_length_distribution(blocks)
    assert sum(shares) == 1
    expected = scipy.stats.binom(blocks, 0.5).pmf(range(blocks + 1))
    assert [float(share) for share in shares] == pytest.approx(list(expected), rel=1e-9)


def test_the_paths_of_5_to_17_blocks_among_54_are_045_percent():
    assert share_of_paths(54, 5, 17) == pytest.approx(0.0045, abs=5e-5)
    assert share_of_paths(54, 0, 54) == 1


def steps_of(kind: str, blocks: int) -> list[ResidualStep]:
    torch.manual_seed(3)
    inplace = nn.ReLU(inplace=True)
    steps = []
    for _ in range(blocks):
        branch = nn.Sequential(nn.BatchNorm2d(3), inplace, nn.Conv2d(3, 3, 3, padding=1)).double()
        skip = {"gated": lambda x: 0.5 * x, "projected": nn.Conv2d(3, 3, 1).double()}.get(kind, torch.clone)
        steps.append(ResidualStep(branch, skip, inplace) if kind == "after" else ResidualStep(branch, skip))
    return steps


@pytest.mark.parametrize("kind", ["identity", "after", "gated", "projected"])
def test_the_gradient_is_the_sum_over_all_paths(kind):
    steps = steps_of(kind, 4)
    images = torch.randn(2, 3, 5, 5, dtype=torch.float64, requires_grad=True)

    def loss(x):
        return F.relu(x, inplace=True).square().sum()

    output = images
    for step in steps:
        output = step.after(step.branch(output.clone()) + step.skip(output.clone()))
    (whole,) = torch.autograd.grad(loss(output.clone()), images)
    network = UnfoldedNetwork(steps, images, loss)
    paths = [network.gradient(path) for path in itertools.product([True, False], repeat=4)]
    torch.testing.assert_close(sum(paths), whole)


def test_a_path_through_linear_branches_has_the_product_of_their_slopes():
    slopes = [2.0, 3.0, 5.0]
    steps = [ResidualStep(lambda x, slope=slope: slope * x) for slope in slopes]
    rows = gradient_by_path_length(steps, torch.ones(1, 1), torch.sum, paths_per_length=200)
    assert [row.length for row in rows] == [0, 1, 2, 3]
    assert (rows[0].norm, rows[3].norm) == (1, 30)
    assert rows[1].norm == pytest.approx((2 + 3 + 5) / 3, abs=4 * rows[1].norm_error)
    assert rows[2].norm == pytest.approx((6 + 10 + 15) / 3, abs=4 * rows[2].norm_error)
    total = math.prod(1 + slope for slope in slopes)
    assert rows[3].share_of_gradient == pytest.approx(30 / total, rel=0.05)
    assert sum(row.share_of_gradient for row in rows) == pytest.approx(1)


def test_standard_errors_of_shares_are_the_spread_of_shares_sampled_again():
    steps = [ResidualStep(lambda x, slope=slope: slope * x) for slope in (0.5, 2.0, 3.0, 5.0, 7.0)]
    sampled = [
        gradient_by_path_length(steps, torch.ones(1, 1), torch.sum, paths_per_length=40, seed=seed)
        for seed in range(200)
    ]
    shares = np.array([[row.share_of_gradient for row in rows] for rows in sampled])
    told = np.array([[row.share_error for row in rows] for rows in sampled])
    np.testing.assert_allclose(told.mean(axis=0), shares.std(axis=0), rtol=0.15)
    assert (told > 0).all()  # also where there is a single path: its share depends on the others'
    single = gradient_by_path_length(steps, torch.ones(1, 1), torch.sum, paths_per_length=1)
    assert [row.share_error for row in single] == [None] * 6


def test_the_same_seed_samples_the_same_paths():
    steps, images = steps_of("identity", 5), torch.ones(1, 3, 5, 5, dtype=torch.float64)
    first, again, other = (
        gradient_by_path_length(steps, images, torch.sum, lengths=[2], paths_per_length=3, seed=seed)
        for seed in (0, 0, 1)
    )
    assert first == again != other
    assert json.loads(json.dumps(dataclasses.asdict(first[0])))["length"] == 2


def test_a_branch_that_ignores_its_input_passes_no_gradient():
    steps = [ResidualStep(lambda x: torch.ones_like(x).requires_grad_())]
    rows = gradient_by_path_length(steps, torch.ones(1, 2), torch.sum)
    assert [row.norm for row in rows] == [pytest.approx(2**0.5), 0]


@pytest.mark.parametrize(
    ("request_", "message"), [({"lengths": [6]}, "give some of 0 to 2"), ({"paths_per_length": 0}, "1 or")]
)
def test_a_request_that_cannot_be_met_names_the_value(request_, message):
    steps = [ResidualStep(torch.clone)] * 2
    with pytest.raises(ResnetlabError, match=message):
        gradient_by_path_length(steps, torch.ones(1), torch.sum, **request_)
    with pytest.raises(ResnetlabError, match="-1 blocks"):
        path_length_distribution(-1)
