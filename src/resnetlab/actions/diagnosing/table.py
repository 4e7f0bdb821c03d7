"""A diagnosis on a terminal: the findings, the worst first, in at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.text import Text

from resnetlab.actions.diagnosing.diagnosis import Diagnosis
from resnetlab.analysis.health import HealthFinding, by_rule
from resnetlab.core.terminal import plain_table
from resnetlab.pages.numbers import number

WIDTH = 100
SIGNS = {"error": ("✗", "bold red"), "warning": ("!", "bold yellow"), "info": ("•", "bold")}


def diagnosis_table(found: Diagnosis) -> RenderableType:
    """Each rule that fired, where, with what was measured, and what to do; a sentence where there is none.

    Args:
        found: the diagnosis.
    """
    if not found.findings:
        return f"{found.model} on {found.data}: no rule fired"
    first, *others = (Group(*_rule(group)) for group in by_rule(found.findings))
    return Constrain(Group(first, *(Padding(one, (1, 0, 0, 0)) for one in others)), WIDTH)


def _rule(group: Sequence[HealthFinding]) -> Iterator[RenderableType]:
    first = group[0]
    sign, style = SIGNS[first.severity]
    limit = "" if first.threshold is None else f", limit {number(first.threshold)}"
    yield Text.assemble((f"{sign} {first.rule}", style), (f"  {first.severity}{limit}", "dim"))
    places = plain_table("", "measured", numbers=("measured",))
    places.show_header = False
    for one in group:
        places.add_row(one.layer or "the whole network", "" if one.value is None else number(one.value))
    yield Padding(places, (0, 0, 0, 4))
    yield Padding(Text(first.advice, "dim"), (0, 0, 0, 2))
