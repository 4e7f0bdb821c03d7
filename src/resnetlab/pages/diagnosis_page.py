"""The page of a diagnosis: what is wrong first, then what was seen, section by section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup

from resnetlab.pages.page import page_environment, policy_digest, template_text

if TYPE_CHECKING:
    from resnetlab.pages.svg import Drawing

LONG = 12  # rows of a table that stands open; a longer one is folded


@dataclass(frozen=True)
class FindingRow:
    """A rule that fired, as it is read.

    Args:
        rule: its name.
        severity: "error", "warning" or "info".
        layers: where; empty for the whole network.
        measured: the value beside the limit, with words; "" where there is no number.
        advice: what it means and what to do.
    """

    rule: str
    severity: str
    layers: tuple[str, ...]
    measured: str
    advice: str


@dataclass(frozen=True)
class PageFigure:
    """A figure.

    Args:
        slug: its drawing's.
        title: above it.
        caption: under it; "" where the title says all.
    """

    slug: str
    title: str
    caption: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table of texts.

    Args:
        title: above it.
        columns: the head.
        rows: as many cells in each as there are columns.
        numbers: the columns whose cells stand to the right.
        note: under it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it is folded at first."""
        return len(self.rows) > LONG


@dataclass(frozen=True)
class PageSection:
    """One way of looking.

    Args:
        slug: its anchor.
        title: over it.
        lead: what was seen.
        figures: beside each other.
        tables: under them.
        not_done: what could not be looked at, a sentence each.
    """

    slug: str
    title: str
    lead: str
    figures: tuple[PageFigure, ...] = ()
    tables: tuple[PageTable, ...] = ()
    not_done: tuple[str, ...] = ()


@dataclass(frozen=True)
class DiagnosisPage:
    """All that the page shows, as it is read.

    Args:
        title: the network and its data.
        lead: the verdict, a sentence or two.
        counts: severity → how many findings.
        findings: the worst first.
        sections: in order.
        remarks: what was assumed and done, a sentence each.
        facts: by name, beside the title.
        command: that makes it again.
        version: of resnetlab.
        environment: where it ran, by name.
    """

    title: str
    lead: str
    counts: Mapping[str, int]
    findings: tuple[FindingRow, ...]
    sections: tuple[PageSection, ...]
    remarks: tuple[str, ...]
    facts: Mapping[str, str]
    command: str
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)


def render_diagnosis(page: DiagnosisPage, drawings: Mapping[str, Drawing]) -> str:
    """The page as one HTML text, which asks nothing of anybody and has no script.

    Args:
        page: its content.
        drawings: slug → figure; one for each figure of the sections.
    """
    style = template_text("report.css") + template_text("training.css") + template_text("diagnosis.css")
    return (
        page_environment()
        .get_template("diagnosis.html.j2")
        .render(page=page, drawings=drawings, style=Markup(style), style_digest=policy_digest(style))
    )
