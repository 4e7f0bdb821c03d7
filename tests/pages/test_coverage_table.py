"""The note on the statistics says what the simulations reached, also where that is too little."""

from __future__ import annotations

from typing import Any

from resnetlab.pages.coverage import coverage_table


def row(n: int, differences: str, coverage: float, level: float = 0.95, supported: int = 3) -> dict[str, Any]:
    return {
        "rule": "trained",
        "n": n,
        "level": level,
        "differences": differences,
        "coverage": coverage,
        "simulations": 300,
        "supported": supported,
    }


MEASURED = {
    "asked": 0.93,
    "command": "python benchmarks/coverage.py",
    "rows": [
        row(5, "normal", 0.95),
        row(20, "normal", 0.93),
        row(5, "skewed", 0.9299),
        row(5, "identical arms", 0.97, supported=6),
        row(5, "normal", 0.999, level=0.99),
    ],
}


def test_every_level_has_its_panel_the_weakest_first() -> None:
    table = coverage_table(MEASURED)
    assert table is not None
    assert [panel.level for panel in table.panels] == [0.95, 0.99]


def test_only_cases_below_what_is_asked_are_called_short() -> None:
    table = coverage_table(MEASURED)
    assert table is not None
    assert [panel.short for panel in table.panels] == [("trained runs, n = 5, skewed",), ()]


def test_a_case_that_was_not_simulated_is_absent_and_not_zero() -> None:
    table = coverage_table(MEASURED)
    assert table is not None
    assert table.panels[0].rows["skewed"][1] is None


def test_false_alarms_are_those_of_identical_arms() -> None:
    table = coverage_table(MEASURED)
    assert table is not None
    assert [panel.false_alarms for panel in table.panels] == [(0.02, None), ()]


def test_results_without_simulations_have_no_table() -> None:
    assert coverage_table(None) is None
