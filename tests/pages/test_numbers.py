"""Numbers on a page: no more digits than an interval warrants, and none fewer."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from resnetlab.pages import numbers, report
from resnetlab.pages.numbers import duration, number, percent, precision_for

INTERVALS = {
    "three digits of the spread": ((0.8712, 1.6049), "[0.871, 1.605]"),
    "a narrow one keeps what tells its ends apart": ((1.00012, 1.00034), "[1.000120, 1.000340]"),
    "ends of different signs": ((-2.2861, 3.6461), "[−2.29, 3.65]"),
    "large numbers are grouped": ((12345.6, 23456.7), "[12,346, 23,457]"),
    "small ones take a power of ten out": ((-0.0000125, 0.0000331), "[−1.25, 3.31] × 10⁻⁵"),
    "no spread": ((0.25, 0.25), "[0.250, 0.250]"),
    "nothing but zero": ((0.0, 0.0), "[0, 0]"),
    "never minus zero": ((-0.0001, 2.5), "[0.00, 2.50]"),
}


@pytest.mark.parametrize(("ends", "written"), INTERVALS.values(), ids=INTERVALS)
def test_an_interval_is_written_with_the_digits_it_warrants(ends: tuple[float, float], written: str) -> None:
    assert precision_for(*ends).interval(ends).replace("\u00a0", " ") == written


NUMBERS = {
    25557032: "25,557,032",
    -7.0: "−7",
    0.5: "0.5",
    0.45371: "0.4537",
    -1234.567: "−1,235",
    12.3456: "12.35",
    1.234e-7: "1.234 × 10⁻⁷",
    6.02e23: "6.02 × 10²³",
    "1.2 M and 70 K": "1.2 M and 70 K",
    "": "–",
    None: "–",
}


@pytest.mark.parametrize(("value", "written"), NUMBERS.items())
def test_a_number_stands_as_readers_write_it(value: float | str | None, written: str) -> None:
    assert number(value).replace("\u00a0", " ") == written


DURATIONS = {
    0: "< 0.01 s",
    0.0004: "< 0.01 s",
    0.5: "0.50 s",
    59.94: "59.9 s",
    3599.4: "59 min 59 s",
    3600: "1 h 0 min",
}


@pytest.mark.parametrize(("seconds", "written"), DURATIONS.items())
def test_a_duration_is_short(seconds: float, written: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == written


def test_a_level_near_one_keeps_its_digits() -> None:
    assert percent(1 - 0.05 / 61, 3) == "99.918\u00a0%"


@pytest.mark.parametrize("module", [numbers, report])
def test_the_examples_in_the_docstrings_are_true(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert (failed, tried > 0) == (0, True)
