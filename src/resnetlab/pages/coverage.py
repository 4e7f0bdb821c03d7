"""How often the laboratory's intervals contain the true mean, arranged for the page's note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

IDENTICAL = "identical arms"


@dataclass(frozen=True)
class Cell:
    """One simulated case.

    Args:
        coverage: share of intervals that contained the true mean.
        short: it is below what the level asks for.
        supported: share that called an effect of zero "supported".
    """

    coverage: float
    short: bool
    supported: float


@dataclass(frozen=True)
class Panel:
    """All cases of one level.

    Args:
        level: at which every interval was made.
        columns: rule and number of values.
        rows: kind of differences → a cell per column.
        simulations: of each case.
    """

    level: float
    columns: tuple[tuple[str, int], ...]
    rows: Mapping[str, tuple[Cell | None, ...]]
    simulations: int

    @property
    def short(self) -> tuple[str, ...]:
        """The cases below what was asked, in words."""
        return tuple(
            f"{rule} runs, n = {n}, {differences}"
            for differences, cells in self.rows.items()
            for (rule, n), cell in zip(self.columns, cells, strict=True)
            if cell and cell.short
        )

    @property
    def false_alarms(self) -> tuple[float | None, ...]:
        """By column: the share of identical arms that was called "supported"; empty where none were simulated."""
        return tuple(cell.supported if cell else None for cell in self.rows.get(IDENTICAL, ()))


@dataclass(frozen=True)
class CoverageTable:
    """The panels, weakest level first, and how they were measured."""

    asked: float
    command: str
    panels: tuple[Panel, ...]


def coverage_table(measured: Mapping[str, Any] | None) -> CoverageTable | None:
    """The table of `experiments/coverage.json`; None where the results carry none.

    Args:
        measured: the content of that file.
    """
    if measured is None:
        return None
    levels = sorted({row["level"] for row in measured["rows"]})
    return CoverageTable(
        asked=measured["asked"],
        command=measured["command"],
        panels=tuple(
            _panel(level, [row for row in measured["rows"] if row["level"] == level], measured["asked"])
            for level in levels
        ),
    )


def _panel(level: float, rows: list[Mapping[str, Any]], asked: float) -> Panel:
    columns = tuple(dict.fromkeys((row["rule"], row["n"]) for row in rows))
    found = {(row["rule"], row["n"], row["differences"]): row for row in rows}
    kinds = dict.fromkeys(row["differences"] for row in rows)
    cells = {
        differences: tuple(_cell(found.get((*column, differences)), asked) for column in columns)
        for differences in kinds
    }
    return Panel(level, columns, cells, max(row["simulations"] for row in rows))


def _cell(row: Mapping[str, Any] | None, asked: float) -> Cell | None:
    if row is None:
        return None
    return Cell(row["coverage"], row["coverage"] < asked, row["supported"] / row["simulations"])
