"""Freezing and the identity: what is counted there agrees with what one can see directly."""

from __future__ import annotations

import pytest
import torch
from judging import verdicts
from torch import nn
from torch.nn import functional as F

from resnetlab.experiments.base import Arm, Results, Run
from resnetlab.experiments.claims import freeze_early_layers, identity_is_easy
from resnetlab.experiments.claims.freeze_early_layers import GROUPS, LESSON, RECIPES, SOUND, ZEROED, Recipe
from resnetlab.nn import BasicBlock

# Freezing


def changed(recipe: Recipe) -> list[int]:
    found = freeze_early_layers.measure(Run(Arm("recipe", recipe), seed=0))
    return [found[group][0] for group in GROUPS]


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (
            Recipe(()),
            [3, 3, 27, 27],
        ),  # nothing frozen: a convolution, γ and β change in the stem, nine of each in layer1–2
        (RECIPES[LESSON], [3, 3, 0, 27]),
        (RECIPES[SOUND], [0, 0, 0, 0]),
        (RECIPES[ZEROED], [3, 0, 27, 0]),
        (Recipe(("conv1", "bn1"), evaluates=True), [0, 0, 27, 27]),
    ],
)
def test_what_changes_under_a_recipe(recipe: Recipe, expected: list[int]) -> None:
    assert changed(recipe) == expected


@pytest.mark.parametrize("module", [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)])
def test_one_bit_changes_a_hash(module: nn.Module) -> None:
    before = freeze_early_layers.hashes(module)
    bits = module.get_parameter("weight").data.view(torch.int32).flatten()
    bits[0] ^= 1
    after = freeze_early_layers.hashes(module)
    assert [name for name in before if before[name] != after[name]] == ["weight"]


def freezing(lesson: list[int], sound: list[int]) -> Results:
    counts = {name: lesson if name == LESSON else sound for name in RECIPES}
    return Results(
        {name: {0: {group: [at, 9] for group, at in zip(GROUPS, counts[name], strict=True)}} for name in RECIPES}
    )


def test_the_claim_on_freezing_rests_on_the_lessons_recipe() -> None:
    claim = freeze_early_layers.CLAIM
    assert verdicts(claim, freezing([0, 0, 0, 0], [9, 9, 9, 9]))[0] == "holds"
    moving = freezing([9, 9, 0, 9], [0, 0, 0, 0])
    assert verdicts(claim, moving) == ["does not hold", "holds", "does not hold", "does not hold", "holds"]
    assert claim.figure(moving).axes


# The identity


@pytest.fixture(scope="module")
def block() -> dict[str, float]:
    torch.manual_seed(0)
    return dict(identity_is_easy.measure_block(Run(identity_is_easy.BLOCK, seed=0)))


def test_x_comes_back_from_the_blocks_that_should_give_it_back(block: dict[str, float]) -> None:
    assert [block[case] == 0 for case in ("zeroed", "gated", "shifted", "signed")] == [True, True, False, False]


def test_zeroed_convolutions_have_no_gradient_until_the_first_shift_is_learned(block: dict[str, float]) -> None:
    assert block["zeroed_gradient"] == 0
    assert block["learned_gradient"] > 0.01


def test_a_negative_x_is_cut_by_as_much_as_it_lies_below_zero() -> None:
    block = BasicBlock(2, 2)
    identity_is_easy.set_to_zero(block, "conv")
    x = torch.randn(4, 2, 5, 5)
    assert identity_is_easy.distance(block, x) == pytest.approx(-x.min().item())


def test_the_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    block, x, target = BasicBlock(2, 2).double(), torch.rand(4, 2, 5, 5).double(), torch.randn(4, 2, 5, 5).double()
    gamma, step, slopes = block.get_parameter("bn2.weight").data, 1e-6, []
    for channel in range(2):
        losses = []
        for change in (step, -step):
            gamma[channel] += change
            losses.append(F.mse_loss(block(x), target).item())
            gamma[channel] -= change
        slopes.append(abs(losses[0] - losses[1]) / (2 * step))
    assert identity_is_easy.largest_gradient(block, x, target, "bn2.weight") == pytest.approx(max(slopes), rel=1e-5)


@pytest.mark.parametrize(("plain", "verdict"), [(2.0, "supported"), (-2.0, "reversed")])
def test_the_better_fit_decides(block: dict[str, float], plain: float, verdict: str) -> None:
    def runs(log_error: float) -> dict[int, dict[str, object]]:
        return {seed: {"log_error": log_error + seed / 100, "errors": [1.0, 0.5]} for seed in range(5)}

    results = Results({"block": {0: block}, "plain": runs(plain), "residual": {**runs(0.0), 4: runs(0.1)[4]}})
    found = verdicts(identity_is_easy.CLAIM, results)
    assert found == ["mixed", "holds", *["does not hold"] * 3, "holds", "holds", verdict]
    assert identity_is_easy.CLAIM.figure(results).axes
