"""The ways in which `diagnose` looks at a network: a row each, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One way of looking.

    Args:
        maker: `module:function` of this room that gives a `Section` of a `Subject`; imported when it is asked for.
        what: it shows, a clause for the help.
        usual: whether it is done without being asked for.
    """

    maker: str
    what: str
    usual: bool = True


PARTS: dict[str, Part] = {
    "lesions": Part("lesions:lesions_section", "which blocks matter"),
    "paths": Part("paths:paths_section", "which paths the gradient takes"),
    "shattering": Part("shattering:shattering_section", "how far gradients reach"),
    "landscape": Part("landscape:landscape_section", "the loss around the weights", usual=False),
    "attribution": Part("attribution:attribution_section", "pixels that speak for an answer", usual=False),
}
"""Name of a part, as `--parts` takes it → the part."""

HEALTH, ALL = "health", "all"
"""What is always looked at, and what asks for every part."""
