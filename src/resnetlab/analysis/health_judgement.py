"""Applies the health rules to what was seen, and adds what the audit finds wrong in the computation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from resnetlab.analysis.health import HealthFinding, Severity
from resnetlab.analysis.health_look import HealthLook
from resnetlab.analysis.health_rule import Rule
from resnetlab.analysis.health_rules import RULES
from resnetlab.analysis.health_structure import Structure

MOST_NAMED = 8  # places of one rule that become findings of their own
MISTAKES_THAT_BREAK = frozenset({"skip never added", "gradient stopped", "multiplied by zero", "added to itself"})
CHOICES = frozenset({"projection in the paper's CIFAR network", "stage width differs"})  # no harm in them
SOFTMAX = "softmax inside"
TOLD_BY_A_RULE = "bias under batch norm"


def judge(look: HealthLook, structure: Structure, rules: Iterable[Rule] = RULES) -> tuple[HealthFinding, ...]:
    """Every rule that fires, and what the audit finds wrong in the computation.

    Args:
        look: what was seen.
        structure: what the computation tells.
        rules: to apply.
    """
    fired = (finding for rule in rules for finding in _apply(rule, look, structure))
    once: dict[tuple[str, str | None], HealthFinding] = {}
    for finding in (*fired, *_of_structure(structure)):
        once.setdefault((finding.rule, finding.layer), finding)  # the row that stands first is the graver one
    return tuple(once.values())


def _apply(rule: Rule, look: HealthLook, structure: Structure) -> Iterator[HealthFinding]:
    found: dict[str | None, float] = {}
    for layer, value in rule.measure(look, structure):
        if rule.fires(value):
            found.setdefault(layer, value)  # a module may be called more than once
    yield from named_places(
        HealthFinding(rule.name, rule.severity, layer, value, rule.limit, rule.advice)
        for layer, value in found.items()
    )


def named_places(places: Iterable[HealthFinding]) -> Iterator[HealthFinding]:
    """The first places of one rule, and how many more there are.

    Args:
        places: where it fired, a finding each.
    """
    found = list(places)
    yield from found[:MOST_NAMED]
    if len(found) > MOST_NAMED:
        more = f"and in {len(found) - MOST_NAMED} more places"
        yield HealthFinding(found[0].rule, "info", None, None, None, more)


def _of_structure(structure: Structure) -> Iterator[HealthFinding]:
    for finding in structure.findings:
        if finding.name == TOLD_BY_A_RULE or (finding.kind == "deviation" and finding.name != SOFTMAX):
            continue
        severity: Severity = "error" if finding.name in MISTAKES_THAT_BREAK else "warning"
        if finding.name in CHOICES:
            severity = "info"
        yield from named_places(
            HealthFinding(finding.name, severity, place, None, None, finding.text) for place in finding.places
        )
