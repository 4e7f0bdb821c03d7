"""The claims about batch norm: what they measure on small cases, what planted results give, their figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from judging import verdicts
from readable import assert_readable
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.core.errors import ResnetlabError
from resnetlab.data import load_data
from resnetlab.experiments.base import Results, Run
from resnetlab.experiments.claims import bn_learning_rate, bn_regularises, bn_smooths_landscape
from resnetlab.experiments.resnet8 import resnet8
from resnetlab.nn import build
from resnetlab.specs import find_spec

SEEDS = range(8)


def planted(**arms: Callable[[int], dict[str, Any]]) -> Results:
    return Results({name.replace("_", " "): {seed: at(seed) for seed in SEEDS} for name, at in arms.items()})


def test_networks_are_not_compared_where_the_loss_begins_below_what_it_is_looked_at() -> None:
    model = nn.Linear(4, 3)
    with pytest.raises(ResnetlabError, match="give data of ten classes or more"):
        bn_smooths_landscape.refuse_few_classes(model, torch.zeros(6, 4), torch.arange(6) % 3)
    bn_smooths_landscape.refuse_few_classes(nn.Linear(4, 20), torch.zeros(6, 4), torch.arange(6))


def test_resnet8_has_eight_layers_and_with_or_without_norm() -> None:
    with_norm, without = resnet8(load_data("digits")), resnet8(load_data("digits"), norm="none")
    layers = [layer for layer in without.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 8
    assert all(layer.bias is not None for layer in layers)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in without.modules())
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in with_norm.modules()) == 7


# The largest rate that trains


def rates(without: int, with_norm: int) -> Results:
    return planted(
        without_BN=lambda seed: {"log2_rate": without + seed % 2},
        with_BN=lambda seed: {"log2_rate": with_norm},
    )


@pytest.mark.parametrize(
    ("without", "with_norm", "word"),
    [(-4, 1, "supported"), (1, -4, "reversed"), (0, 0, "smaller than δ"), (-2, 0, "inconclusive")],
)
def test_planted_rates_give_the_verdict(without: int, with_norm: int, word: str) -> None:
    if word == "inconclusive":
        results = planted(
            without_BN=lambda seed: {"log2_rate": without + seed % 2},
            with_BN=lambda seed: {"log2_rate": with_norm + 2 * (seed % 2)},
        )
    else:
        results = rates(without, with_norm)
    assert verdicts(bn_learning_rate.CLAIM, results) == [word, word]


def test_runs_at_the_grids_ends_are_told() -> None:
    said = bn_learning_rate.finding(rates(bn_learning_rate.LOWEST - 1, bn_learning_rate.HIGHEST))
    assert "Of all 16 runs 8 trained at the grid's highest rate" in said
    assert "4 at no rate of the grid" in said


@pytest.mark.parametrize(
    ("trains_up_to", "found", "tried"),
    [
        (0.5, -1, 4),
        (0.49, -2, 5),
        (99.0, bn_learning_rate.HIGHEST, 1),
        (0.0, bn_learning_rate.LOWEST - 1, 9),
    ],
)
def test_the_first_rate_from_above_that_halves_the_loss_is_taken(
    monkeypatch: pytest.MonkeyPatch, trains_up_to: float, found: int, tried: int
) -> None:
    monkeypatch.setattr(bn_learning_rate, "losses_at", lambda rate, run: (2.3, 1.14 if rate <= trains_up_to else 1.15))
    measures = bn_learning_rate.measure(Run(bn_learning_rate.ARMS[0], seed=0))
    assert (measures["log2_rate"], len(measures["losses"])) == (found, tried)


def test_a_run_that_diverges_has_the_untrained_loss() -> None:
    untrained, trained = bn_learning_rate.losses_at(2.0**12, Run(bn_learning_rate.ARMS[0], seed=0))
    assert trained == untrained
    assert untrained == pytest.approx(math.log(10), rel=0.05)


# The landscape along the gradient


class Bowl(nn.Module):
    """A softmax over two classes whose loss at θ is known: the logits are (θ, 0) for every image."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([at]))

    def forward(self, images: Tensor) -> Tensor:
        return torch.stack([self.theta.expand(len(images)), torch.zeros(len(images))], dim=1)


def test_the_look_along_the_gradient_has_the_closed_form() -> None:
    model, labels = Bowl(-1.0), torch.zeros(4, dtype=torch.long)
    loss, loss_range, change = bn_smooths_landscape.look_along_gradient(model, torch.zeros(4, 1), labels)

    def at(theta: float) -> tuple[float, float]:
        return math.log1p(math.exp(-theta)), -1 / (1 + math.exp(theta))

    farthest = -1 + bn_smooths_landscape.LENGTHS[-1]  # the loss falls, and the gradient shrinks, all the way
    assert loss == pytest.approx(at(-1)[0], rel=1e-5)
    assert loss_range == pytest.approx(at(-1)[0] - at(farthest)[0], rel=1e-5)
    assert change == pytest.approx(at(farthest)[1] - at(-1)[1], rel=1e-5)
    assert model.theta.item() == -1


def test_the_look_along_the_gradient_is_the_same_in_both_memory_formats() -> None:
    model = build(find_spec("resnet20").with_fields(norm="none", depths="1/1/1", width=4)).double()
    images, labels = torch.randn(4, 3, 16, 16).double(), torch.arange(4)
    looks = (
        bn_smooths_landscape.look_along_gradient(model, images.contiguous(memory_format=form), labels)
        for form in (torch.contiguous_format, torch.channels_last)
    )
    assert next(looks) == pytest.approx(next(looks), rel=1e-9)


def test_the_descent_ends_at_the_level() -> None:
    model, labels = Bowl(-3.0), torch.zeros(4, dtype=torch.long)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    bn_smooths_landscape.descend(model, optimiser, (torch.zeros(4, 1), labels), level=1.5, most_steps=500)
    assert F.cross_entropy(model(torch.zeros(4, 1)), labels).item() == pytest.approx(1.5, abs=0.05)


def views(log_ratio: float) -> Results:
    def at(place: float, seed: int) -> dict[str, Any]:
        value = place * log_ratio + 0.01 * seed * place
        each = [value] * len(bn_smooths_landscape.LEVELS)
        return {"log_ranges": each, "log_changes": each}

    return planted(without_BN=lambda seed: at(1, seed), with_BN=lambda seed: at(0, seed))


@pytest.mark.parametrize(("log_ratio", "word"), [(1.0, "supported"), (-1.0, "reversed"), (-0.035, "inconclusive")])
def test_a_planted_landscape_gives_the_verdict(log_ratio: float, word: str) -> None:
    assert verdicts(bn_smooths_landscape.CLAIM, views(log_ratio)) == [word] * 5


def test_a_landscape_that_is_smoother_only_late_is_mixed() -> None:
    def at(seed: int) -> dict[str, Any]:
        turning = [value * (1 + seed / 100) for value in (-2.0, -1.0, 1.0, 2.0)]  # their mean is zero
        return {"log_ranges": turning, "log_changes": turning}

    results = planted(without_BN=at, with_BN=lambda seed: {"log_ranges": [0.0] * 4, "log_changes": [0.0] * 4})
    assert verdicts(bn_smooths_landscape.CLAIM, results) == ["mixed", *["reversed", "supported"] * 2]


def test_a_network_that_stays_above_the_level_is_refused() -> None:
    model, labels = Bowl(-3.0), torch.zeros(4, dtype=torch.long)
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-6)
    with pytest.raises(ResnetlabError, match=r"the loss is 3\.05 after 500 steps and not at 1\.5"):
        bn_smooths_landscape.descend(model, optimiser, (torch.zeros(4, 1), labels), level=1.5, most_steps=500)


def test_the_finding_tells_ratios_at_every_level() -> None:
    results = planted(
        without_BN=lambda seed: {"log_ranges": [math.log(f) for f in (1, 2, 3, 4)], "log_changes": [0.0] * 4},
        with_BN=lambda seed: {"log_ranges": [0.0] * 4, "log_changes": [0.0] * 4},
    )
    assert "2, 1.5, 1 and 0.5, it varies 1, 2, 3 and 4 times as much" in bn_smooths_landscape.finding(results)


# The noise of batch statistics


@pytest.fixture
def bare() -> nn.Module:
    """One batch norm, so that what goes together can be read off the output."""
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64, affine=False)).double()


@pytest.mark.parametrize("size", [8, 16, 64])
def test_the_statistics_are_those_of_so_many_images(bare: nn.Module, size: int) -> None:
    images = load_data("digits").train_images[:64].double()
    batch = torch.arange(64).flip(0)[:16]
    logits = bn_regularises.logits_of(batch, size, bare, images)
    groups = [images] if size == 64 else [images[part] for part in batch.split(size)]
    rows = []
    for group in groups:
        flat = group.flatten(1)
        rows.append((flat - flat.mean(0)) / (flat.var(0, correction=0) + 1e-5).sqrt())
    expected = rows[0][batch] if size == 64 else torch.cat(rows)
    assert torch.allclose(logits, expected, atol=1e-9)


def gaps(usual: float, noisy: float) -> Results:
    at = {bn_regularises.NOISY: noisy, bn_regularises.USUAL: usual, bn_regularises.STILL: 0.5}
    return Results(
        {
            name: {seed: {"gap": gap + 0.01 * (seed % 3), "train_loss": 0.1, "test_loss": gap + 0.1} for seed in SEEDS}
            for name, gap in at.items()
        }
    )


@pytest.mark.parametrize(
    ("usual", "noisy", "words"),
    [
        (0.2, 0.2, ["supported", "supported", "supported"]),
        (0.8, 0.2, ["reversed", "reversed", "supported"]),
        (0.5, 0.2, ["smaller than δ", "smaller than δ", "supported"]),
    ],
)
def test_planted_gaps_give_the_verdict_of_the_usual_batch(usual: float, noisy: float, words: list[str]) -> None:
    assert verdicts(bn_regularises.CLAIM, gaps(usual, noisy)) == words


@pytest.mark.parametrize(
    ("module", "results"),
    [(bn_learning_rate, rates(-3, 1)), (bn_smooths_landscape, views(1.0)), (bn_regularises, gaps(0.2, 0.3))],
    ids=lambda given: given.CLAIM.slug if isinstance(given, ModuleType) else "",
)
def test_the_figure_is_readable(module: ModuleType, results: Results) -> None:
    assert_readable(module.CLAIM.figure(results))
