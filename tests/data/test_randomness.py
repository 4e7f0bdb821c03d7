"""Looked-up random numbers are as good as drawn ones, and follow from seed, epoch and index alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from resnetlab.data.randomness import Purpose, hashes, seeded, uniforms

MANY = torch.arange(200_000)


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1, 2**63 + 5])
def test_they_are_spread_evenly(seed: int) -> None:
    drawn = uniforms(seed, 3, MANY, 2)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    for column in drawn.T:
        assert stats.kstest(column.numpy(), "uniform").pvalue > 1e-4


PAIRS = {
    "neighbours in the data": (uniforms(0, 0, MANY, 1)[:-1, 0], uniforms(0, 0, MANY, 1)[1:, 0]),
    "two draws of an image": (uniforms(0, 0, MANY, 2)[:, 0], uniforms(0, 0, MANY, 2)[:, 1]),
    "one epoch and the next": (uniforms(0, 4, MANY, 1)[:, 0], uniforms(0, 5, MANY, 1)[:, 0]),
    "one seed and the next": (uniforms(7, 0, MANY, 1)[:, 0], uniforms(8, 0, MANY, 1)[:, 0]),
    "seed and epoch exchanged": (uniforms(1, 2, MANY, 1)[:, 0], uniforms(2, 1, MANY, 1)[:, 0]),
}


@pytest.mark.parametrize("name", PAIRS)
def test_one_tells_nothing_of_the_other(name: str) -> None:
    counts = np.histogram2d(*(part.numpy() for part in PAIRS[name]), bins=16, range=[[0, 1]] * 2)[0]
    assert stats.chi2_contingency(counts).pvalue > 1e-4


def test_every_bit_is_set_one_time_in_two() -> None:
    bits = np.unpackbits(hashes(Purpose.CHANGES, 0, 0, MANY).view(np.uint8), axis=1)
    shares = bits.mean(axis=0)
    assert len(shares) == 64
    assert np.abs(shares - 0.5).max() < 5 * 0.5 / len(MANY) ** 0.5


def test_an_images_numbers_do_not_depend_on_its_company() -> None:
    whole = uniforms(5, 2, MANY[:1000], 5)
    some = torch.tensor([900, 3, 77])
    assert torch.equal(uniforms(5, 2, some, 5), whole[some])
    assert torch.equal(uniforms(5, 2, some, 2), whole[some, :2])


def test_purposes_do_not_share_numbers() -> None:
    seen = [hashes(purpose, 0, 0, [0, 1, 2])[:, 0].tolist() for purpose in Purpose]
    assert len({number for numbers in seen for number in numbers}) == 3 * len(Purpose)


def test_pytorchs_own_state_is_set_inside_and_as_before_afterwards() -> None:
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    first = torch.rand(1)
    with seeded(Purpose.PIXELS, 1, 2, 3):
        inside = torch.rand(1)
    assert torch.equal(torch.cat([first, torch.rand(1)]), expected)
    with seeded(Purpose.PIXELS, 1, 2, 3):
        assert torch.equal(torch.rand(1), inside)
    with seeded(Purpose.PIXELS, 1, 2, 4):
        assert not torch.equal(torch.rand(1), inside)
