"""Three sizes of the laboratory, from minutes to days."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar


class Tier(StrEnum):
    """How long a run may take."""

    QUICK = "quick"
    STANDARD = "standard"
    FULL = "full"


NATURAL = (Tier.STANDARD, Tier.FULL)
"""The tiers that run on natural images."""

AnyRow = TypeVar("AnyRow")


def by_tier(quick: AnyRow, standard: AnyRow, full: AnyRow | None = None) -> dict[Tier, AnyRow]:
    """A claim's row for every tier, for what is done otherwise there; without one the full tier has the standard's.

    >>> by_tier(quick=8, standard=12)[Tier.FULL]
    12
    """
    return {Tier.QUICK: quick, Tier.STANDARD: standard, Tier.FULL: standard if full is None else full}
