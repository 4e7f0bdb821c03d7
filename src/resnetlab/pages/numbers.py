"""Numbers as a reader wants them: no more digits than the interval warrants, thousands grouped, a true minus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
NO_BREAK = "\u00a0"
ABSENT = "–"


@dataclass(frozen=True)
class Precision:
    """How a group of related numbers is written, so that they line up.

    Args:
        decimals: after the point.
        exponent: of the power of ten that is taken out; 0 takes none out.
    """

    decimals: int
    exponent: int = 0

    def text(self, value: float | None) -> str:
        """One number.

        >>> Precision(2).text(-1.23456)
        '−1.23'
        """
        return ABSENT if value is None else self._digits(value) + self._power()

    def interval(self, ends: Sequence[float] | None) -> str:
        """Two ends.

        >>> Precision(1, -5).interval((0.0000123, 0.0000456))
        '[1.2,\\xa04.6]\\xa0×\\xa010⁻⁵'
        """
        if ends is None:
            return ABSENT
        return f"[{self._digits(ends[0])},{NO_BREAK}{self._digits(ends[1])}]{self._power()}"

    def _digits(self, value: float) -> str:
        shown = round(value / 10.0**self.exponent, self.decimals) + 0.0  # never "-0.00"
        return f"{shown:,.{self.decimals}f}".replace("-", "−")

    def _power(self) -> str:
        return f"{NO_BREAK}×{NO_BREAK}{power_of_ten(self.exponent)}" if self.exponent else ""


def precision_for(*values: float) -> Precision:
    """Three digits of the values' spread; of the value itself where there is no spread."""
    largest = max(abs(value) for value in values)
    spread = max(values) - min(values) or largest
    if largest == 0 or not math.isfinite(spread):
        return Precision(0)
    exponent = math.floor(math.log10(largest))
    if -4 <= exponent < 6:
        exponent = 0
    decimals = 2 - math.floor(math.log10(spread)) + exponent
    return Precision(min(max(decimals, 0), 12), exponent)


def number(value: float | str | None) -> str:
    """Any single value: whole numbers in full, others with four digits, text as it is.

    >>> number(25557032.0), number(0.45371), number(1.2e-7), number("1.2 M"), number(None)
    ('25,557,032', '0.4537', '1.2\\xa0×\\xa010⁻⁷', '1.2 M', '–')
    """
    if value is None or isinstance(value, str):
        return value or ABSENT
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 6:
        return f"{value:,.{max(3 - exponent, 0)}f}".rstrip("0").rstrip(".").replace("-", "−")
    digits = f"{abs(value) / 10**exponent:.3f}".rstrip("0").rstrip(".")
    return Precision(len(digits.partition(".")[2]), exponent).text(value)


def percent(share: float, decimals: int = 1) -> str:
    """A share of one as a percentage.

    >>> percent(0.95), percent(1 - 0.05 / 61, 3)
    ('95\\xa0%', '99.918\\xa0%')
    """
    digits = f"{share * 100:.{decimals}f}"
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + NO_BREAK + "%"


def duration(seconds: float | None) -> str:
    """A time in words short enough for a table.

    >>> duration(0.001), duration(0.0123), duration(12.34), duration(151.2), duration(7320)
    ('<\xa00.01\xa0s', '0.01\\xa0s', '12.3\\xa0s', '2\\xa0min\\xa031\\xa0s', '2\\xa0h\\xa02\\xa0min')
    """
    if seconds is None:
        return ABSENT
    if seconds < 0.01:
        return f"<{NO_BREAK}0.01{NO_BREAK}s"
    if seconds < 60:
        return f"{seconds:.{1 if seconds >= 1 else 2}f}{NO_BREAK}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min{NO_BREAK}{rest}{NO_BREAK}s"
    return f"{minutes // 60}{NO_BREAK}h{NO_BREAK}{minutes % 60}{NO_BREAK}min"


def power_of_ten(exponent: int) -> str:
    """10 with its exponent raised, without markup.

    >>> power_of_ten(-3)
    '10⁻³'
    """
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"
