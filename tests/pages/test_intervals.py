"""The bar of an interval: every mark where its number is."""

from __future__ import annotations

from typing import Any

import pytest

from resnetlab.pages.intervals import MARGIN, Bar, bar_for

PART: dict[str, Any] = {
    "effect": 1.0,
    "interval": (0.5, 1.75),
    "t_interval": (0.5, 1.5),
    "bootstrap_interval": (0.6, 1.75),
    "delta": 0.25,
    "values": (0.75, 1.25),
}


def bar(**changed: Any) -> Bar:
    """The bar of PART with these fields changed."""
    made = bar_for({**PART, **changed})
    assert made is not None
    return made


def test_places_are_linear_in_the_numbers() -> None:
    shown = bar()
    unit = (100 - 2 * MARGIN) / 1.75  # per cent for 1.0: the scale goes from zero to the upper end
    places = {shown.low: 0.5, shown.effect: 1.0, shown.high: 1.75, shown.delta: 0.25, shown.zero: 0.0}
    places |= dict(zip(shown.values, PART["values"], strict=True))
    for place, value in places.items():
        assert place == pytest.approx(MARGIN + unit * value, abs=0.01)


def test_both_methods_are_shown_within_the_interval_that_they_make() -> None:
    shown = bar()
    assert [method.name for method in shown.methods] == ["t", "BCa"]
    assert min(method.low for method in shown.methods) == shown.low
    assert max(method.high for method in shown.methods) == shown.high


@pytest.mark.parametrize("absent", ["t_interval", "bootstrap_interval"])
def test_a_single_method_is_the_interval_and_not_drawn_twice(absent: str) -> None:
    assert bar(**{absent: None}).methods == ()


def test_ticks_stand_inside_and_rise() -> None:
    for scale in (1e-9, 1.0, 1e7):
        shown = bar(effect=scale, interval=(0.5 * scale, 1.75 * scale), delta=0.0, values=(), t_interval=None)
        places = [tick.at for tick in shown.ticks]
        assert len(places) >= 2
        assert places == sorted(places)
        assert MARGIN <= places[0] < places[-1] <= 100 - MARGIN


def test_zero_is_not_drawn_over_a_threshold_of_zero() -> None:
    assert bar(delta=0.0).zero is None


def test_many_values_are_left_to_the_figure() -> None:
    assert bar(values=tuple(range(100))).values == ()


def test_an_effect_without_spread_has_a_bar() -> None:
    shown = bar(
        effect=0.0, interval=(0.0, 0.0), delta=0.0, values=(0.0, 0.0), t_interval=None, bootstrap_interval=None
    )
    assert shown.low == shown.high == shown.effect == 50


@pytest.mark.parametrize("missing", ["effect", "interval", "delta"])
def test_an_exact_part_has_none(missing: str) -> None:
    assert bar_for({**PART, missing: None}) is None
