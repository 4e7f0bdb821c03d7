"""docs/tiers.md names every field of tiers.json, and no field that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from documented import ROW, fields, is_of_type

from resnetlab.experiments.compare import ONE_TIER, OPEN, SURVIVES, TURNS, compared
from resnetlab.experiments.tiers import Tier

pytestmark = pytest.mark.xdist_group("page")  # one run of the claims serves them all

DOCUMENT = (Path(__file__).parents[2] / "docs" / "tiers.md").read_text(encoding="utf-8")
OF_JSON = {name: said for name, said in ROW.findall(DOCUMENT) if name.startswith("[]")}
BY_TIER = ("[].verdicts", "[].parts[].verdicts", "[].parts[].numbers")


@pytest.fixture
def rows(results: dict[str, Any]) -> list[dict[str, Any]]:
    """What `lab compare` writes of two tiers that found the same."""
    return compared({Tier.QUICK: results, Tier.STANDARD: results})


def test_every_field_is_documented_and_every_documented_field_is_there(rows: list[dict[str, Any]]) -> None:
    assert set(OF_JSON) == {name for name, _ in fields(rows, BY_TIER)}


def test_every_value_is_of_its_documented_type(rows: list[dict[str, Any]]) -> None:
    for name, value in fields(rows, BY_TIER):
        assert is_of_type(value, OF_JSON[name]), f"{name} is {value!r}, not {OF_JSON[name]}"


@pytest.mark.parametrize("word", [SURVIVES, TURNS, OPEN, ONE_TIER])
def test_every_outcome_is_named(word: str) -> None:
    assert f'"{word}"' in DOCUMENT
