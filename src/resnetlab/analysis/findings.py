"""What was noticed about a network: mistakes that public code really contains, and departures from the papers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from resnetlab.analysis.network_form import NetworkForm


@dataclass(frozen=True)
class Finding:
    """One thing noticed.

    Attributes:
        name: the same for every network, as "projection without norm".
        kind: "mistake" for what no paper does, "deviation" for a known other choice.
        places: the modules where it stands, or the layers; empty for the whole network.
        text: what is wrong there, and what it should be.
    """

    name: str
    kind: Literal["mistake", "deviation"]
    places: tuple[str, ...]
    text: str


Check = Callable[[NetworkForm], Iterable[Finding]]


def mistake(name: str, places: Iterable[str], text: str) -> Iterator[Finding]:
    """One mistake, if there is any place where it stands."""
    found = tuple(dict.fromkeys(places))
    if found:
        yield Finding(name, "mistake", found, text)


def deviation(name: str, places: Iterable[str], text: str) -> Iterator[Finding]:
    """One deviation, if there is any place where it stands."""
    found = tuple(dict.fromkeys(places))
    if found:
        yield Finding(name, "deviation", found, text)
