"""What a diagnosis found: one rule that fired, where, by which number, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""


@dataclass(frozen=True)
class HealthFinding:
    """One rule that fired.

    Attributes:
        rule: the same for every network, as "dead units".
        severity: "error" for what keeps a network from learning or makes its outputs wrong, "warning" for what costs
            accuracy or will break later, "info" for what is worth knowing.
        layer: dotted path of the module, or name of the parameter; None for the whole network.
        value: what was measured; None where there is no number to it.
        threshold: beyond which the rule fires; None where there is no number to it.
        advice: what it means and what to do, a sentence or two.
    """

    rule: str
    severity: Severity
    layer: str | None
    value: float | None
    threshold: float | None
    advice: str


def worst_first(findings: Iterable[HealthFinding]) -> tuple[HealthFinding, ...]:
    """Errors, then warnings, then the rest; each in the order in which they were found."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def by_rule(findings: Iterable[HealthFinding]) -> tuple[tuple[HealthFinding, ...], ...]:
    """The places of one rule together, where severity and advice are the same; in the order of the first of each."""
    groups: dict[tuple[str, str, str], list[HealthFinding]] = {}
    for one in findings:
        groups.setdefault((one.rule, one.severity, one.advice), []).append(one)
    return tuple(map(tuple, groups.values()))
