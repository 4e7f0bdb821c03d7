"""The claims about gradients before the first step: closed forms, and parts that follow the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from judging import verdicts
from torch import nn
from torch.nn import functional as F

from resnetlab.core.errors import ResnetlabError
from resnetlab.data import digits
from resnetlab.experiments.base import Arm, Results, Run
from resnetlab.experiments.claims import (
    bn_gradient_flow,
    gradient_at_least_one,
    skip_or_init,
    vanishing_gradients,
)
from resnetlab.experiments.fresh_gradients import (
    IMAGES,
    FreshNetwork,
    gradient_norms,
    lost_per_layer,
    spread_over_layers,
)
from resnetlab.experiments.linear_stacks import LinearStack, stack_gradients
from resnetlab.nn import ResidualBlock
from resnetlab.nn.merges import Scale
from resnetlab.pages.svg import figure_png

SEEDS = range(20)


def jitter(seed: int) -> float:
    """A little that differs from seed to seed, so that intervals have a width."""
    return 0.01 * math.sin(1 + seed)


def planted(key: str, by_arm: dict[str, float]) -> Results:
    """A number for each arm, a little different in every seed."""
    return Results({arm: {seed: {key: value + jitter(seed)} for seed in SEEDS} for arm, value in by_arm.items()})


# Networks before the first step


def test_what_a_layer_takes_is_the_slope_of_the_logarithm():
    assert lost_per_layer([math.exp(0.3 * layer) for layer in range(1, 20, 2)]) == pytest.approx(0.3)
    assert lost_per_layer([5.0, 5.0, 5.0]) == pytest.approx(0)


def test_the_spread_is_the_deviation_of_the_logarithm():
    assert spread_over_layers([1.0, math.e**2]) == pytest.approx(1)
    assert spread_over_layers([7.0, 7.0, 7.0]) == pytest.approx(0)


@pytest.mark.parametrize("network", [FreshNetwork(6), FreshNetwork(8, skips=True, norm="none", activation="sigmoid")])
def test_gradient_norms_are_those_of_automatic_differentiation(network):
    torch.manual_seed(1)
    found = gradient_norms(network, digits())
    torch.manual_seed(1)
    model = network.build(digits())
    ends = [block.conv2 for block in model.blocks]
    outputs: list[torch.Tensor] = []
    for layer in ends:
        layer.register_forward_hook(lambda module, given, output: outputs.append(output))
    loss = F.cross_entropy(model(digits().train_images[:IMAGES].double()), digits().train_labels[:IMAGES])
    weights = [layer.weight for layer in ends]
    gradients = [gradient.norm().item() for gradient in torch.autograd.grad(loss, [*outputs, *weights])]
    assert len(outputs) == network.blocks
    assert (*found.signal, *found.weights) == pytest.approx(gradients, rel=1e-9)


@pytest.mark.parametrize("depth", [6, 20, 56])
def test_a_fresh_network_has_the_layers_it_says(depth):
    model = FreshNetwork(depth).build(digits())
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in model.modules()) == depth
    assert FreshNetwork(depth).block_ends[-1] == depth - 1


@pytest.mark.parametrize("depth", [4, 7, 0, -20, 402, 20.0])
def test_an_impossible_depth_is_refused(depth):
    with pytest.raises(ResnetlabError, match="even number of layers from 6 to 400"):
        FreshNetwork(depth)


SIGMOID, RELU, RELU_BN = map(str, vanishing_gradients.DECIDING)


@pytest.mark.parametrize(
    ("sigmoid", "relu", "normalised", "words"),
    [
        (1.2, 0.0, -0.2, ["reversed", "supported", "smaller than δ", "reversed"]),
        (1.2, 0.3, 0.3, ["supported", "supported", "supported", "supported"]),
        (0.0, 0.0, 0.0, ["smaller than δ", "smaller than δ", "smaller than δ", "smaller than δ"]),
    ],
)
def test_vanishing_follows_the_slopes_and_is_decided_with_batch_norm(sigmoid, relu, normalised, words):
    slopes = {SIGMOID: sigmoid, RELU: relu, RELU_BN: normalised}
    assert verdicts(vanishing_gradients.CLAIM, planted("lost_per_layer", slopes)) == words


@pytest.mark.parametrize(
    ("gains", "word"), [((3, 3, 3), "supported"), ((3, -1, 3), "mixed"), ((-1, -1, -1), "reversed")]
)
def test_gradient_flow_follows_the_spreads(gains, word):
    spreads = {}
    for scale, gain in zip(bn_gradient_flow.SCALES, gains, strict=True):
        spreads |= {
            str(bn_gradient_flow.network(scale, "none")): 2 + gain,
            str(bn_gradient_flow.network(scale, "batch")): 2,
        }
    assert verdicts(bn_gradient_flow.CLAIM, planted("spread", spreads))[0] == word


# Stacks of linear layers


@pytest.mark.parametrize(
    ("skips", "init", "growth"),
    [
        (False, "pytorch", math.log(1 / 18) / 2),  # variance: 1/3 for each layer, 1/2 for the ReLU
        (True, "pytorch", math.log(1 + 1 / 18) / 2),
        (False, "he", 0.0),
        (True, "he", math.log(2) / 2),
    ],
)
def test_a_block_of_linear_layers_changes_the_gradient_as_its_variances_say(skips, init, growth):
    torch.manual_seed(0)
    found = [stack_gradients(LinearStack(20, skips, init), digits()).growth for _ in range(4)]
    assert np.mean(found) == pytest.approx(growth, abs=0.05)


def test_the_gradient_of_a_stack_is_that_of_finite_differences():
    stack = LinearStack(2, skips=True, init="he")
    torch.manual_seed(3)
    found = stack_gradients(stack, digits())
    torch.manual_seed(3)
    model = stack.build(digits())
    images = digits().train_images[:32].double().reshape(32, 1, 1, -1)
    weight = model[0].residual_function[0].weight
    direction = torch.randn_like(weight)
    (gradient,) = torch.autograd.grad(F.cross_entropy(model(images), digits().train_labels[:32]), weight)
    losses = []
    with torch.no_grad():
        for step in (1e-5, -2e-5):
            weight += step * direction
            losses.append(F.cross_entropy(model(images), digits().train_labels[:32]).item())
    assert (losses[0] - losses[1]) / 2e-5 == pytest.approx((gradient * direction).sum().item(), rel=1e-5)
    assert found.first_layer == pytest.approx(gradient.norm().item())


@pytest.mark.parametrize("blocks", [0, -3, 201, 2.5])
def test_an_impossible_stack_is_refused(blocks):
    with pytest.raises(ResnetlabError, match="whole number from 1 to 200"):
        LinearStack(blocks, skips=True, init="he")


@pytest.mark.parametrize(
    ("plain_default", "skip_default", "plain_he", "skip_he", "words"),
    [
        (-1.4, 0.03, 0.0, 0.35, ["mixed", "supported", "reversed", "smaller than δ"]),
        (-1.4, 0.03, -0.5, 0.0, ["supported", "supported", "supported", "supported"]),
    ],
)
def test_skip_or_init_follows_the_growth(plain_default, skip_default, plain_he, skip_he, words):
    blocks = skip_or_init.JUDGED
    growth = {
        skip_or_init.name(LinearStack(blocks, False, "pytorch")): plain_default,
        skip_or_init.name(LinearStack(blocks, True, "pytorch")): skip_default,
        skip_or_init.name(LinearStack(blocks, False, "he")): plain_he,
        skip_or_init.name(LinearStack(blocks, True, "he")): skip_he,
    }
    assert verdicts(skip_or_init.CLAIM, planted("growth", growth)) == words


# The gradient of a skip


@pytest.mark.parametrize("factor", [-0.5, -1.0, -0.25, 0.5])
def test_a_scaled_branch_gives_one_plus_its_factor(factor):
    torch.manual_seed(0)
    found = gradient_at_least_one.measure_block(Run(Arm("block", factor), seed=0))
    assert found["ratio"] == pytest.approx(1 + factor, abs=1e-15)


def test_ratios_leave_out_the_first_block_and_those_without_an_identity_skip():
    blocks = [ResidualBlock(Scale(factor)) for factor in (9.0, -0.5, 7.0, 1.0)]
    blocks[2].downsample = nn.Identity()
    ratios = gradient_at_least_one.gradient_ratios(
        nn.Sequential(*blocks, nn.Flatten()), torch.randn(3, 10, 1, 1, requires_grad=True), torch.tensor([0, 4, 9])
    )
    torch.testing.assert_close(ratios, torch.tensor([[0.5] * 3, [2.0] * 3], dtype=torch.float64))


def at_least_one(least: float) -> Results:
    arms = {gradient_at_least_one.HALVED: "ratio", gradient_at_least_one.ENDED: "ratio"}
    arms |= {gradient_at_least_one.FRESH: "least", gradient_at_least_one.TRAINED: "least"}
    return Results({arm: {0: {of: 1.2}, 1: {of: least}} for arm, of in arms.items()})


@pytest.mark.parametrize(("least", "word"), [(1.0, "holds"), (0.999, "does not hold")])
def test_one_ratio_below_one_contradicts(least, word):
    assert verdicts(gradient_at_least_one.CLAIM, at_least_one(least)) == [word] * 5


# Every figure and text, from the fewest results


@pytest.mark.parametrize(
    ("claim", "values"),
    [
        (vanishing_gradients.CLAIM, {"lost_per_layer": 0.1, "log_signal": [0.1] * vanishing_gradients.RELU.blocks}),
        (bn_gradient_flow.CLAIM, {"spread": 0.5, "log_signal": [0.1] * FreshNetwork(bn_gradient_flow.DEPTH).blocks}),
        (skip_or_init.CLAIM, {"growth": 0.1, "log_first_layer": -2.0}),
        (
            gradient_at_least_one.CLAIM,
            {
                "ratio": 0.5,
                "least": 0.9,
                "share_below_one": 0.1,
                "share_below": [0.5] * len(gradient_at_least_one.GRID),
            },
        ),
    ],
)
def test_figure_and_finding_come_from_two_runs(claim, values):
    results = Results({arm.name: {0: values, 1: values} for arm in claim.arms})
    assert figure_png(claim.figure(results)).startswith(b"\x89PNG")
    assert len(claim.finding(results)) > 50
