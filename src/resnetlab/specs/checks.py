"""How data refuses an impossible value of a field, in one form for all."""

from __future__ import annotations

from resnetlab.core.errors import SpecError


def check(part: object, field: str, legal: bool, allowed: str) -> None:
    """Refuse an impossible value, naming the field, the value and what is allowed.

    Raises:
        SpecError: where `legal` is false.
    """
    if not legal:
        value = getattr(part, field)
        raise SpecError(f"{field}={value!r} is impossible in {type(part).__name__}\nallowed: {allowed}")
