"""Where the marks of a part's interval bar stand: effect, interval, δ and zero on one scale.

Places are per cent of the bar's width, so that the bar stretches over any column while its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import MaxNLocator

from resnetlab.pages.numbers import number

MARGIN = 4.0  # per cent, on both sides: room for caps and for half a tick's label
FEW = 20  # up to so many single values are shown; more would be a smear, and the figure shows them


@dataclass(frozen=True)
class Tick:
    """A label of the scale."""

    at: float
    text: str


@dataclass(frozen=True)
class Method:
    """The ends that one way of making an interval gives, as places on the bar."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    """The bar, ready to be drawn; all places in per cent from the left.

    Args:
        low: lower end of the deciding interval.
        high: upper end of the deciding interval.
        effect: the mean.
        delta: the threshold.
        zero: of the scale, where it differs from δ.
        methods: t and BCa each for itself; empty where only one was made, for it is the interval then.
        values: the single effects, where they are few.
        ticks: labels of the scale.
    """

    low: float
    high: float
    effect: float
    delta: float
    zero: float | None
    methods: tuple[Method, ...]
    values: tuple[float, ...]
    ticks: tuple[Tick, ...]


def bar_for(part: Mapping[str, Any]) -> Bar | None:
    """The bar of a part; None for one that has no interval.

    Args:
        part: as in `results.json`.
    """
    if part["interval"] is None or part["effect"] is None or part["delta"] is None:
        return None
    made = {"t": part["t_interval"], "BCa": part["bootstrap_interval"]}
    ends = {name: ends for name, ends in made.items() if ends} if all(made.values()) else {}
    values = part["values"] if len(part["values"]) <= FEW else ()
    scale = _Scale.over([*part["interval"], *values, part["effect"], part["delta"], 0.0])
    low, high = part["interval"]
    return Bar(
        low=scale.place(low),
        high=scale.place(high),
        effect=scale.place(part["effect"]),
        delta=scale.place(part["delta"]),
        zero=scale.place(0.0) if part["delta"] != 0 else None,
        methods=tuple(Method(name, scale.place(low), scale.place(high)) for name, (low, high) in ends.items()),
        values=tuple(map(scale.place, values)),
        ticks=scale.ticks(),
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> _Scale:
        low, high = min(values), max(values)
        return cls(low, high) if high > low else cls(low - 1, high + 1)

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(MARGIN + (100 - 2 * MARGIN) * share, 2)

    def ticks(self) -> tuple[Tick, ...]:
        locator = MaxNLocator(nbins=4, steps=[1, 2, 5, 10])
        inside = [value for value in locator.tick_values(self.low, self.high) if self.low <= value <= self.high]
        return tuple(Tick(self.place(value), number(round(float(value), 12))) for value in inside)
