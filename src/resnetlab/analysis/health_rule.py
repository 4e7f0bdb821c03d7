"""What a health rule is: something that is measured in many places, and a limit."""

from __future__ import annotations

from dataclasses import dataclass

from resnetlab.analysis.health import Severity
from resnetlab.analysis.health_measures import Measure


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: as findings carry it.
        severity: of its findings.
        limit: it fires above it, or below it where `fires_below`.
        source: of the limit.
        measure: the places it applies to, each with a value.
        advice: what it means and what to do.
        section: of the diagnosis that it belongs to: "signal", "gradient", "norms" or "outputs".
        fires_below: the other way round.
    """

    name: str
    severity: Severity
    limit: float
    source: str
    measure: Measure
    advice: str
    section: str = "signal"
    fires_below: bool = False

    def fires(self, value: float) -> bool:
        """Whether a value is beyond the limit; what is no number never is."""
        return value < self.limit if self.fires_below else value > self.limit
