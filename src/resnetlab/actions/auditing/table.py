"""An audit on a terminal, in at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from resnetlab.actions.audit import Audit, AuditRow, AuditStage
from resnetlab.core.terminal import first_few, plain_table

WIDTH = 100
SAME, OTHER = "✓", "≠"
MARKS = {"mistake": ("✗", "bold red"), "deviation": ("•", "yellow")}
SHOWN_PLACES = 4


def audit_table(audit: Audit) -> RenderableType:
    """The verdict, the facts beside those of the nearest network, the stages, and what is odd."""
    size = "×".join(map(str, audit.input_size))
    parts: list[RenderableType] = [
        Text.assemble((audit.reference, "bold"), (f", looked at with an image of {size}", "dim")),
        Text(audit.verdict, "bold"),
        *([Text(audit.paper, "dim")] if audit.paper else []),
        Text(""),
        _facts(audit.rows, audit.nearest),
    ]
    if audit.stages:
        parts += [Text(""), _stages(audit.stages)]
    parts += [Text(""), *_findings(audit)]
    return Constrain(Group(*parts), WIDTH)


def _facts(rows: Sequence[AuditRow], nearest: str | None) -> Table:
    """What the model has, and where the network beside it differs, what that has."""
    compared = nearest is not None
    table = plain_table("", "this model", *(["", nearest or ""] if compared else []), whole=("",))
    for row in rows:
        mark = Text(SAME, "green") if row.is_same else Text(OTHER, "yellow")
        other = Text("" if row.is_same else row.expected or "", "yellow")
        table.add_row(Text(row.topic, "dim"), row.found, *([mark, other] if compared else []))
    return table


def _stages(stages: Sequence[AuditStage]) -> Table:
    numbers = ("stage", "blocks", "channels", "inside")
    table = plain_table("stage", "from", "blocks", "channels", "inside", "output", "stride", "skips", numbers=numbers)
    for number, stage in enumerate(stages, 1):
        size = "×".join(map(str, stage.size))
        cells = (str(stage.blocks), str(stage.channels), str(stage.inner or "–"), size, stage.stride or "–")
        table.add_row(str(number), stage.place, *cells, stage.skips)
    return table


def _findings(audit: Audit) -> Iterator[RenderableType]:
    if not audit.residual_additions:
        yield Text("no residual addition was found: nothing goes round any layer and is added back", "dim")
    for finding in audit.findings:
        mark, style = MARKS[finding.kind]
        places = first_few(finding.places, SHOWN_PLACES)
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(Text(mark, style), Text.assemble((finding.name, style), f" at {places}\n{finding.text}"))
        yield grid
    if audit.residual_additions and not audit.mistakes:
        yield Text("no mistake found", "green")
    for assumption in audit.assumptions:
        yield Text(f"assumed, for the file does not tell: {assumption}", "dim")
    if audit.against is not None:
        count = len(audit.differences)
        told = f"{count} {'difference' if count == 1 else 'differences'}: {', '.join(audit.differences)}"
        yield Text(f"against {audit.against}: {told if count else 'no difference'}", "bold")
