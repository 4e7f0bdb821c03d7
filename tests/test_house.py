"""What the rooms may use, where the linter of imports cannot say it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import resnetlab

ROOMS = Path(resnetlab.__file__).parent


@pytest.mark.parametrize("file", sorted((ROOMS / "nn").glob("*.py")), ids=lambda file: file.name)
def test_networks_take_no_model_code_from_torchvision(file: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    from_torchvision = {name for name in imported if name.startswith("torchvision")}
    assert all(name.startswith("torchvision.ops") for name in from_torchvision)


def test_files_are_short() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in ROOMS.rglob("*.py")}
    assert sorted(lengths.values())[len(lengths) // 2] < 150
    assert {file.name for file, length in lengths.items() if length > 300} <= {"zoo.py"}  # one long table
