"""docs/diagnose.md names every field of diagnosis.json, and no field that is not there; and every rule."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from documented import ROW, fields, is_of_type
from torch import Tensor, nn

import resnetlab
from resnetlab.actions.diagnosing import landscape as diagnose_landscape
from resnetlab.actions.diagnosing import page as diagnose_page
from resnetlab.actions.diagnosing.diagnosis import SCHEMA
from resnetlab.actions.diagnosing.lesions import IDLE
from resnetlab.analysis.health_rules import RULES
from resnetlab.data import load_data
from resnetlab.pages.svg import Drawing

DOCUMENT = (Path(__file__).parents[2] / "docs" / "diagnose.md").read_text(encoding="utf-8")
TYPES = dict(ROW.findall(DOCUMENT.partition("## diagnosis.json")[2]))
LIKE = {  # what is described once, where it stands first; outer names before those inside
    r"^sections\.(\w+)\.start(?=\W)": r"sections.\1.now",
    r"^sections\.lesions\.(without_several\[\]|swapped\[\]|without_skips)(?=\.)": "sections.lesions.without_one[]",
    r"^sections\.lesions\.without_one\[\]\.(score|reestimated)(?=\.)": "sections.lesions.whole",
    r"^sections\.shattering\.without_skips(?=\.)": "sections.shattering.network",
    r"^sections\.landscape\.line(?=\.)": "sections.landscape.plane",
    r"^sections\.\w+\.not_done": "sections.*.not_done",
}
OUTSIDE = {IDLE: "info", "did not move": "warning"}  # rules of single parts
ELSEWHERE = "environment."  # docs/results.md has it


class Squashed(nn.Module):
    """A sigmoid that is called as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(64, 8), nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.sigmoid(self.first(x.flatten(1))))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Any]]:
    """The fields of a diagnosis with every part, and of one whose functions squash."""
    folder = tmp_path_factory.mktemp("diagnoses")
    torch.manual_seed(0)
    model = resnetlab.create_model("resnet20", 10, 1, width=2, depths=(2, 1, 1))
    torch.save(model.state_dict(), folder / "earlier.pth")
    with torch.no_grad():
        model.train()(load_data("digits").train_images[:64])  # statistics that tell of a training
        for parameter in list(model.parameters())[1:]:
            parameter.mul_(1.1)
    torch.save(model.state_dict(), folder / "now.pth")
    asked: dict[str, Any] = {"images": 32, "batch_size": 16, "quiet": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnose_page, "_drawings", lambda found: defaultdict(lambda: Drawing("<svg />", b"")))
        patch.setattr(diagnose_landscape, "POINTS", 3)
        patch.setattr(diagnose_landscape, "LINE_POINTS", 3)
        reference, earlier = (str(folder / name) for name in ("now.pth", "earlier.pth"))
        resnetlab.diagnose(reference, "digits", parts=("all",), earlier=earlier, output=folder / "a", **asked)
        resnetlab.diagnose(Squashed(), "digits", output=folder / "b", **asked)
    files = [folder / name / "diagnosis.json" for name in "ab"]
    return [field for file in files for field in described(json.loads(file.read_text(encoding="utf-8")))]


def described(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every field with its value, by the name under which the document describes it."""
    for field, value in fields(content):
        name = field
        for pattern, first in LIKE.items():
            name = re.sub(pattern, first, name)
        if not name.startswith(ELSEWHERE):
            yield name, value


def test_every_field_is_documented_and_every_documented_field_is_there(found: list[tuple[str, Any]]) -> None:
    assert set(TYPES) == {name for name, _ in found}


def test_every_value_is_of_its_documented_type(found: list[tuple[str, Any]]) -> None:
    for name, value in found:
        not_finite = value is None and "number" in TYPES[name].split(" or ")[0]
        assert not_finite or is_of_type(value, TYPES[name]), f"{name} is {value!r}, not {TYPES[name]}"


def test_the_document_is_of_this_schema() -> None:
    assert f'a whole number written as a string, "{SCHEMA}"' in " ".join(DOCUMENT.split())


@pytest.mark.parametrize("rule", dict.fromkeys([*(rule.name for rule in RULES), *OUTSIDE]))
def test_every_rule_is_in_the_table_with_its_severity(rule: str) -> None:
    rows = re.findall(r"^\| ([^|`]+) \| ((?:error|warning|info)[^|]*) \|", DOCUMENT, re.MULTILINE)
    severities = {name: set(said.split(", ")) for names, said in rows for name in names.split(", ")}
    own = {one.severity for one in RULES if one.name == rule} or {OUTSIDE[rule]}
    assert severities[rule] == own
