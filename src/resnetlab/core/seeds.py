"""Seeds that are derived from others."""

from __future__ import annotations

import hashlib


def derived_seed(*parts: int | str) -> int:
    """A seed for something of its own, from a run's seed and what it is for; 32 bits, all that CPUs' generators take.

    >>> derived_seed(0, "step", 1) == derived_seed(0, "step", 1) != derived_seed(1, "step", 0)
    True
    """
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=4).digest(), "big")
