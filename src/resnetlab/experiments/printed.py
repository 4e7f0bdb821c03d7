"""Whether a count agrees with a figure as somebody printed it."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

UNITS = {"": 1, "×": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def agrees(counted: float, printed: str) -> bool:
    """Whether `counted`, rounded or cut off to the digits of `printed`, gives it.

    Papers do both: 3.86 G stands as 3.8 in one table and as 3.9 in another.

    >>> agrees(3_857_973_248, "3.8 G"), agrees(3_857_973_248, "3.9 G"), agrees(3_857_973_248, "4.1 G")
    (True, True, False)

    Args:
        counted: the number that was counted.
        printed: digits and, after a space, K, M, G, × or nothing.
    """
    said, unit = _read(printed)
    exact = Decimal(counted) / UNITS[unit]
    return any(exact.quantize(said, rounding=rule) == said for rule in (ROUND_HALF_UP, ROUND_DOWN))


def like(printed: str, counted: float) -> str:
    """A count in the unit of a printed figure, two digits longer than it; what has no unit stands whole.

    >>> like("3.8 G", 3_857_973_248), like("5.7 ×", 5.6214), like("11,173,962", 11_173_962)
    ('3.858 G', '5.621 ×', '11,173,962')
    """
    said, unit = _read(printed)
    if not unit:
        return f"{counted:,}"
    digits = -int(said.as_tuple().exponent) + 2
    return f"{counted / UNITS[unit]:,.{digits}f} {unit}"


def _read(printed: str) -> tuple[Decimal, str]:
    digits, _, unit = printed.replace(",", "").partition(" ")
    return Decimal(digits), unit
