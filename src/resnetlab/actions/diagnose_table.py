"""A diagnosis on a terminal: the findings, the worst first."""

from __future__ import annotations

from rich.console import RenderableType

from resnetlab.actions.diagnosis import Diagnosis
from resnetlab.core.terminal import plain_table
from resnetlab.pages.numbers import number

SIGNS = {"error": "✗", "warning": "!", "info": "•"}


def diagnosis_table(found: Diagnosis) -> RenderableType:
    """A row for each finding, or a sentence where there is none.

    Args:
        found: the diagnosis.
    """
    if not found.findings:
        return f"{found.model} on {found.data}: no rule fired"
    table = plain_table(
        "", "finding", "where", "measured", "limit", "advice", whole=("finding",), numbers=("measured",)
    )
    said: set[tuple[str, str]] = set()
    for one in found.findings:
        advice = "" if (one.rule, one.advice) in said else one.advice  # once for all its places
        said.add((one.rule, one.advice))
        value = "–" if one.value is None else number(one.value)
        limit = "–" if one.threshold is None else number(one.threshold)
        table.add_row(f"{SIGNS[one.severity]} {one.severity}", one.rule, one.layer or "all", value, limit, advice)
    return table
