"""docs/results.md names every field of results.json, and no field that is not there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from documented import ROW, fields, is_of_type

from resnetlab.experiments.lab import SCHEMA
from resnetlab.pages.verdicts import WORDS

pytestmark = pytest.mark.xdist_group("page")  # one run of the claims serves them all

DOCUMENT = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
NAMED_BY_VALUES = ("score", "environment.versions", "coverage.versions")  # their keys are verdicts and packages


def test_every_field_is_documented_and_every_documented_field_is_there(results: dict[str, Any]) -> None:
    documented = [name for name, _ in ROW.findall(DOCUMENT)]
    assert len(documented) == len(set(documented))
    assert set(documented) == {name for name, _ in fields(results, NAMED_BY_VALUES)}


def test_every_value_is_of_its_documented_type(results: dict[str, Any]) -> None:
    types = dict(ROW.findall(DOCUMENT))
    for name, value in fields(results, NAMED_BY_VALUES):
        assert is_of_type(value, types[name]), f"{name} is {value!r}, not {types[name]}"


def test_the_example_is_json_of_documented_fields() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    names = {name for name, _ in fields(json.loads(example), NAMED_BY_VALUES)}
    assert names <= {name for name, _ in ROW.findall(DOCUMENT)}
    assert {"claims[].parts[].interval", "claims[].verdict"} <= names


def test_the_document_is_of_this_schema() -> None:
    assert f"Schema {SCHEMA}" in DOCUMENT


@pytest.mark.parametrize("word", [word.word for word in WORDS])
def test_every_verdict_is_explained(word: str) -> None:
    assert f"| {word} |" in DOCUMENT
