"""The claims that look into trained networks: their arithmetic, what planted results give, their figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from resnetlab.analysis import lesioned, removable_blocks
from resnetlab.data import load_data
from resnetlab.experiments.base import Claim, PartResult, Results, Run
from resnetlab.experiments.block_lesions import disorder, errors_without, percent_wrong, swap_by_swap
from resnetlab.experiments.claims import layer_responses, lesion_many_blocks, lesion_one_block, path_lengths
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.statistics import Verdict
from resnetlab.experiments.tiers import Tier
from resnetlab.weights import create_model

SEEDS = range(5)
RANDOM = np.random.default_rng(0)


def near(value: float) -> float:
    return value + RANDOM.uniform(-0.01, 0.01)


def judged(claim: Claim, results: Results) -> tuple[Verdict, list[PartResult]]:
    word, parts = judge_claim(claim, results, Tier.QUICK, 60)
    return word, [part for part in parts if part.verdict is not Verdict.NOT_RUN]  # of other tiers


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return create_model("resnet20", 10, 1, width=4, depths=(3, 2, 2)).eval()


# Lesions of many blocks


def test_many_orders_at_once_give_what_removing_blocks_gives(model: nn.Module) -> None:
    data = load_data("digits")
    images, labels = data.test_images[:40].view(2, 20, 1, 8, 8), data.test_labels[:40].view(2, 20)
    victims = [["layer1.1", "layer2.1", "layer1.0"], ["layer2.1", "layer1.0", "layer1.1"]]
    one_by_one: list[list[float]] = [[], []]
    with torch.no_grad():
        for group, names in enumerate(victims):
            for count in (1, 3):
                with lesioned(model, names[:count]):
                    one_by_one[group] += percent_wrong(model, images[group, None], labels[group, None]).tolist()
        assert errors_without(model, victims, (1, 3), images, labels) == one_by_one


@pytest.mark.parametrize(
    ("order", "share"),
    [("abcd", 0.0), ("dcba", 1.0), ("bacd", 1 / 6), ("dbca", 5 / 6)],
)
def test_disorder_is_the_share_of_pairs_the_other_way_round(order: str, share: float) -> None:
    assert disorder(dict(zip("abcd", order, strict=True))) == pytest.approx(share)


def test_swaps_keep_shapes_and_add_up(model: nn.Module) -> None:
    blocks = removable_blocks(model, torch.zeros(1, 1, 8, 8))
    orders = swap_by_swap(blocks, 4, np.random.default_rng(0))
    before = {place: place for place in blocks}
    for order in orders:
        assert all(blocks[place] == blocks[block] for place, block in order.items())
        assert sum(order[place] != before[place] for place in blocks) == 2
        before = order


def many_lesions(removed: list[float], shuffled: list[float]) -> Results:
    orders = lesion_many_blocks.ORDERS

    def rows(levels: list[float]) -> list[list[float]]:
        return [[near(level) for level in levels] for _ in range(orders)]

    far = [[0.01 * swaps for swaps in lesion_many_blocks.SWAPS]] * orders
    runs = {s: {"whole": 1.0, "removed": rows(removed), "disorder": far, "shuffled": rows(shuffled)} for s in SEEDS}
    return Results({"resnet56": runs})


@pytest.mark.parametrize(
    ("removed", "shuffled", "verdicts"),
    [
        (range(2, 12), range(2, 8), ["supported"] * 4),
        ([1.0] * 9 + [90.0], [1.0] * 5 + [90.0], ["smaller than δ", "reversed"] * 2),
        (range(12, 2, -1), range(8, 2, -1), ["reversed", "supported"] * 2),
    ],
)
def test_smooth_degradation_is_told_from_a_jump(removed: list[float], shuffled: list[float], verdicts: str) -> None:
    results = many_lesions(list(removed), list(shuffled))
    assert [part.verdict for part in judged(lesion_many_blocks.CLAIM, results)[1]] == verdicts
    assert lesion_many_blocks.CLAIM.figure(results).axes


# Lesions of one block


def single_lesions(plain: float, residual: float, deep: float, untouched: float = 5.0) -> Results:
    def runs(added: float, blocks: int) -> dict[int, dict[str, object]]:
        names = [f"layer1.{block}" for block in range(blocks)]
        rows = [near(added) for _ in names]
        return {s: {"whole": untouched, "blocks": names, "added": rows, "reestimated": rows} for s in SEEDS}

    return Results({"plain20": runs(plain, 7), "resnet20": runs(residual, 7), "resnet56": runs(deep, 25)})


@pytest.mark.parametrize(
    ("added", "verdicts"),
    [
        ((80.0, 3.0, 0.5), ["supported"] * 3),
        ((3.0, 80.0, 80.0), ["smaller than δ", "reversed", "reversed"]),
    ],
)
def test_a_lesion_s_cost_decides(added: tuple[float, float, float], verdicts: list[str]) -> None:
    results = single_lesions(*added)
    assert [part.verdict for part in judged(lesion_one_block.CLAIM, results)[1]] == verdicts
    assert lesion_one_block.CLAIM.figure(results).axes


def test_nets_that_have_not_learned_do_not_count() -> None:
    unlearned = single_lesions(80.0, 3.0, 0.5, untouched=40.0)
    assert [part.effect(unlearned) for part in lesion_one_block.PARTS] == [[]] * 6


# Layer responses


def test_responses_of_an_untrained_network_are_one_and_nothing_is_left_behind(model: nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    responses = layer_responses.responses(model, load_data("digits").test_images)
    assert responses == pytest.approx([1.0] * 15, abs=1e-3)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(("ratio", "verdict"), [(2.0, "supported"), (0.5, "reversed")])
def test_responses_are_compared_by_their_ratio(ratio: float, verdict: str) -> None:
    sizes = {"plain20": ratio**2, "resnet20": ratio, "plain56": ratio, "resnet56": 1.0}
    runs = {arm: {s: {"responses": [near(size)] * 3} for s in SEEDS} for arm, size in sizes.items()}
    word, parts = judged(layer_responses.CLAIM, Results(runs))
    assert word == verdict
    assert [part.effect for part in parts] == pytest.approx([math.log(ratio)] * 3, abs=0.05)
    assert layer_responses.CLAIM.figure(Results(runs)).axes


# Path lengths


def test_the_gradients_of_all_paths_are_the_gradient() -> None:
    found = path_lengths.measure_sum(Run(path_lengths.ALL_PATHS, seed=0))
    assert found["paths"] == 64
    assert found["difference"] < 1e-12


@pytest.mark.parametrize(
    ("shares", "edges"),
    [([1.0, 0, 0], (0, 0)), ([0.04, 0.92, 0.04], (1, 1)), ([0.06, 0.88, 0.06], (0, 2)), ([0.2] * 5, (0, 4))],
)
def test_the_central_mass_leaves_at_most_a_twentieth_on_each_side(shares: list[float], edges: tuple[int, int]) -> None:
    assert path_lengths.edges(shares) == edges


@pytest.mark.parametrize(("length", "verdict"), [(5, "supported"), (20, "reversed")])
def test_short_and_long_paths_are_told_apart(length: int, verdict: str) -> None:
    shares = np.eye(28)[length].tolist()
    runs = {"all paths": {0: {"blocks": 6, "paths": 64, "difference": 1e-16}}}
    results = Results({**runs, "resnet56": {s: {"gradient": shares} for s in SEEDS}})
    parts = judged(path_lengths.CLAIM, results)[1]
    assert [part.verdict for part in parts] == ["holds", "holds", verdict]
    assert path_lengths.CLAIM.figure(results).axes
