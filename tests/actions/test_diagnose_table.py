"""The findings on a terminal of 80 columns: every place whole, what to do once."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnetlab.cli import main

FACTORY = """
from torch import nn


def make():
    layers = [nn.Conv2d(1, 8, 3, padding=1), nn.Sigmoid(), nn.Conv2d(8, 8, 3, padding=1), nn.Sigmoid()]
    return nn.Sequential(nn.Sequential(*layers), nn.Flatten(), nn.Linear(512, 10))
"""


def test_findings_fit_80_columns_and_their_places_are_never_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    Path("net.py").write_text(FACTORY, encoding="utf-8")
    asked = ["--data", "digits", "--images", "32", "--parts", "health", "--output", "found", "--quiet"]
    assert main(["diagnose", "net.py:make", *asked]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    head = next(at for at, line in enumerate(lines) if line.startswith("! squashing activation  warning, limit 0.3"))
    assert [line.split()[0] for line in lines[head + 1 : head + 3]] == ["0.1", "0.3"]
    assert sum("this activation passes on less than" in line for line in lines) == 1
