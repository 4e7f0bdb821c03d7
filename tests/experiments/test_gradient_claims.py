"""The claims about gradients before the first step: closed forms, and parts that follow the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnetlab.analysis import autocorrelation
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import digits
from resnetlab.experiments.base import Arm, Claim, Results, Run
from resnetlab.experiments.claims import (
    bn_gradient_flow,
    bn_identity_bias,
    conv_bias_redundant,
    gradient_at_least_one,
    shattered_gradients,
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
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.linear_stacks import LinearStack, stack_gradients
from resnetlab.experiments.tiers import Tier
from resnetlab.nn import ResidualBlock
from resnetlab.nn.merges import Scale
from resnetlab.pages.svg import figure_png

SEEDS = range(20)


def verdicts(claim: Claim, results: Results) -> list[str]:
    word, parts = judge_claim(claim, results, Tier.QUICK, 60)
    return [word, *(part.verdict for part in parts)]


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


# Batch norm


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


# Shattering


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
