"""Thousands of spoiled safetensors files crash nothing, take next to no memory, and never load as something else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors_mutations
import torch

from resnetlab import create_model
from resnetlab.weights import save
from twins import enliven

MEMORY = 200e6  # bytes


@pytest.mark.parametrize("files", [1_500, pytest.param(10_000, marks=pytest.mark.full)])
def test_mutations_are_refused_or_load_as_they_were_saved(files: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = enliven(create_model("resnet20", width=2, depths="1/1/1"), torch.randn(4, 3, 32, 32))
    file = save(model, tmp_path).rename(tmp_path / "net.safetensors")
    command = [sys.executable, safetensors_mutations.__file__, str(file), str(files)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert (told["wrongly"], told["otherwise"]) == ([], [])
    assert told["refused"] > files * 0.9
    assert told["refused"] + told["as saved"] == files
    assert told["grown"] < MEMORY
