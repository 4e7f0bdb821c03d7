"""Each epoch has its own order of all images; processes and steps cut it into batches and lose none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from scipy import stats

from resnetlab.core.errors import ResnetlabError
from resnetlab.data.order import BatchOrder, epoch_order


def test_every_image_comes_once_an_epoch() -> None:
    for epoch in range(3):
        assert sorted(epoch_order(1000, 0, epoch).tolist()) == list(range(1000))


def test_an_order_follows_from_seed_and_epoch_alone() -> None:
    assert torch.equal(epoch_order(1000, 1, 7), epoch_order(1000, 1, 7))
    orders = {tuple(epoch_order(1000, seed, epoch).tolist()) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_no_place_prefers_an_image() -> None:
    places = torch.stack([epoch_order(10, 0, epoch) for epoch in range(2000)])
    for place in places.T:
        assert stats.chisquare(place.bincount(minlength=10).numpy()).pvalue > 1e-4


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_any_number_of_processes_sees_the_same_global_batches(ranks: int) -> None:
    shares = [BatchOrder("digits", 100, 12, 3, rank, ranks).parts(5) for rank in range(ranks)]
    together = torch.stack(shares, dim=2).flatten(1)
    assert torch.equal(together, BatchOrder("digits", 100, 12, 3).parts(5))
    assert together.shape == (8, 12)


def test_the_middle_of_an_epoch_is_found_again() -> None:
    order = BatchOrder("digits", 100, 12, 3)
    assert torch.equal(order.parts(5, first=3), order.parts(5)[3:])


def test_a_limit_gives_the_first_batches_again_and_again() -> None:
    whole, limited = BatchOrder("digits", 100, 12, 3), BatchOrder("digits", 100, 12, 3, limit=2)
    assert limited.steps == 2
    for epoch in range(3):
        assert torch.equal(limited.parts(epoch), whole.parts(0)[:2])


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "more than there is": ({"batch_size": 101}, "digits has 100 training images\ngive 1 to 100"),
    "none": ({"batch_size": 0}, "--batch-size 0 is impossible"),
    "uneven shares": ({"batch_size": 10, "ranks": 3}, "cannot be shared evenly by 3 processes\ngive a multiple of 3"),
    "no batch at all": ({"batch_size": 10, "limit": 0}, "--overfit-batches 0 is impossible"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_an_impossible_batch_is_refused(name: str) -> None:
    options, said = MISTAKES[name]
    with pytest.raises(ResnetlabError, match=said):
        BatchOrder("digits", 100, seed=0, **options)
