"""A diagnosis in its folder: diagnosis.json, the page, and every figure in plots/."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from resnetlab.actions.diagnosing.diagnosis import SCHEMA, Diagnosis, Section
from resnetlab.actions.diagnosing.settings import DiagnoseSettings
from resnetlab.analysis.health import SEVERITIES, HealthFinding, by_rule
from resnetlab.analysis.health_rules import RULES
from resnetlab.core.files import write_content
from resnetlab.core.terminal import json_text
from resnetlab.pages.diagnosis_page import (
    DiagnosisPage,
    FindingRow,
    PageFigure,
    PageSection,
    render_diagnosis,
)
from resnetlab.pages.numbers import number

if TYPE_CHECKING:
    from resnetlab.pages.svg import Drawing

SOURCES: dict[tuple[str, float | None], str] = {(rule.name, rule.limit): rule.source for rule in RULES}
JSON, PAGE, PLOTS = "diagnosis.json", "report.html", "plots"
WORDS = {"error": ("error", "errors"), "warning": ("warning", "warnings")}


def diagnosis_json(found: Diagnosis) -> dict[str, Any]:
    """The content of diagnosis.json; numbers that are infinite or none become null.

    Args:
        found: the diagnosis.
    """
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "model": found.model,
        "data": found.data,
        "findings": [asdict(one) for one in found.findings],
        "remarks": list(found.remarks),
        "sections": {
            section.slug: {**section.numbers, "not_done": list(section.not_done)} for section in found.sections
        },
        **found.facts,
    }
    return {name: _plain(value) for name, value in content.items()}


def write_diagnosis(found: Diagnosis, asked: DiagnoseSettings) -> None:
    """Put what was found into its folder.

    Args:
        found: the diagnosis.
        asked: the settings that it was made with.
    """
    for stale in (found.folder / PLOTS).glob("*.??g") if (found.folder / PLOTS).is_dir() else ():
        stale.unlink()  # of an earlier diagnosis in the same folder
    drawings = _drawings(found)
    for slug, drawing in drawings.items():
        for suffix, content in (("svg", drawing.svg.encode()), ("png", drawing.png)):
            write_content(found.folder / PLOTS / f"{slug}.{suffix}", content)
    write_content(found.folder / PAGE, render_diagnosis(_page(found), drawings).encode())
    write_content(found.folder / "env.json", (json_text(found.facts["environment"]) + "\n").encode())
    write_content(found.folder / JSON, (json_text(diagnosis_json(found)) + "\n").encode())  # last: then all is there


def _drawings(found: Diagnosis) -> dict[str, Drawing]:
    from resnetlab.pages.svg import drawn

    return {one.slug: drawn(one.figure, one.slug) for section in found.sections for one in section.figures}


def _page(found: Diagnosis) -> DiagnosisPage:
    counts = Counter[str](one.severity for one in found.findings)
    environment = found.facts["environment"]
    versions = environment.get("versions", {})
    return DiagnosisPage(
        title=f"{found.model} on {found.data}",
        lead=_lead(found, counts),
        counts={severity: counts[severity] for severity in SEVERITIES},
        findings=_rows(found.findings),
        sections=tuple(map(_section, found.sections)),
        remarks=tuple(f"{one[:1].upper()}{one[1:]}." for one in found.remarks),
        facts=_facts(found),
        command=environment["command"],
        version=versions.get("resnetlab", ""),
        environment={name: str(value) for name, value in (environment | versions).items() if name != "versions"},
    )


def _lead(found: Diagnosis, counts: Mapping[str, int]) -> str:
    told = [f"{counts[name]} {words[counts[name] != 1]}" for name, words in WORDS.items() if counts.get(name)]
    if not told:
        return "Signal and gradient get through, and no rule found an error or a warning."
    first = found.findings[0]
    place = f" in {first.layer}" if first.layer else ""
    return f"{' and '.join(told).capitalize()}. The first to look at: {first.rule}{place}."


def _rows(findings: tuple[HealthFinding, ...]) -> tuple[FindingRow, ...]:
    """A row for every rule, with all places of one severity."""
    return tuple(map(_row, by_rule(findings)))


def _row(group: Sequence[HealthFinding]) -> FindingRow:
    first = group[0]
    values = [one.value for one in group if one.value is not None]
    measured = ""
    if values and (first.threshold or max(values) > 1):
        several = number(values[0]) if len(values) == 1 else f"{number(min(values))} to {number(max(values))}"
        source = SOURCES.get((first.rule, first.threshold), "")
        limit = f"; the rule fires beyond {number(first.threshold)} ({source})" if first.threshold else ""
        measured = f"Measured {several}{limit}"
    layers = tuple(one.layer for one in group if one.layer is not None)
    return FindingRow(first.rule, first.severity, layers, measured, first.advice)


def _section(section: Section) -> PageSection:
    figures = tuple(PageFigure(one.slug, one.title, one.caption) for one in section.figures)
    return PageSection(section.slug, section.title, section.lead, figures, section.tables, section.not_done)


def _facts(found: Diagnosis) -> dict[str, str]:
    facts, environment = found.facts, found.facts["environment"]
    size = "×".join(map(str, facts["input_size"]))
    return {
        "Images": f"{facts['images']:,} of {size}, in batches of {facts['batch_size']}",
        "Classes": f"{facts['classes']:,}",
        "Weights": facts["source"] or "as they came; nothing tells of a training",
        "On": f"{environment['processor']}, {facts['device']}",
        "Made": environment["time"].replace("T", " ").replace("+00:00", " UTC"),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
