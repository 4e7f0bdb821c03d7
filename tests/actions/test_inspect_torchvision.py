"""The walk through torchvision's own ResNet runs from beginning to end, and tells what it found."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "inspect_torchvision.py"


def test_the_walk_through_torchvisions_resnet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--steps", "12", "--images", "32", "--output", str(tmp_path / "walk")]
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *few])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "ResNet-18" in said
    assert "8 residual additions, in stages of [2, 2, 2, 2]" in said
    assert "Trained for 12 steps on the digits" in said
    assert "Which blocks matter" in said
    assert "Which paths the gradient takes" in said
    assert (tmp_path / "walk" / "report.html").exists()
    sections = json.loads((tmp_path / "walk" / "diagnosis.json").read_text(encoding="utf-8"))["sections"]
    assert len(sections["lesions"]["without_one"]) == 8
    assert len(sections["paths"]["lengths"]) == 9
