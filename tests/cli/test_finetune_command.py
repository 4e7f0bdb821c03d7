"""`resnetlab finetune` on the command line: what scripts rely on, and mistakes answered in three lines."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from picture_folders import write_classes
from resnetlab import create_model
from resnetlab.cli import main

ASKED = "finetune --data imagefolder:classes --batch-size 4 --size 32 --epochs 1 --output run"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures of two classes and somebody's weights."""
    write_classes(tmp_path / "classes")
    torch.manual_seed(0)
    torch.save(create_model("resnet20", width=4).state_dict(), tmp_path / "net.pth")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)
    return tmp_path


def test_a_run_is_evaluated_and_goes_on_by_the_same_flags(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = f"{ASKED} --model net.pth --freeze stem,layer1 --quiet"
    assert main(shlex.split(line)) == 0
    assert main(shlex.split(f"{line} --resume")) == 0
    run = shlex.split(line)[shlex.split(line).index("--output") + 1]
    capsys.readouterr()
    for flags in (["--resume", run], ["--output", run, "--resume"]):
        assert main(["train", *flags]) == 2
        assert f"{run} is a run of finetune" in capsys.readouterr().err
    capsys.readouterr()
    assert main(["eval", "run", "--data", "imagefolder:classes", "--json", "--output", "scores"]) == 0
    assert {"top1", "top5", "n", "loss"} <= json.loads(capsys.readouterr().out).keys()


def test_parameters_in_all_and_those_that_train_are_told_before_the_first_step(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(f"{ASKED} --model net.pth --freeze layer1,layer2")) == 0
    said = capsys.readouterr().err
    total = create_model("resnet20", 2, width=4)
    trained = sum(p.numel() for name, p in total.named_parameters() if not name.startswith(("layer1", "layer2")))
    counted = f"{sum(p.numel() for p in total.parameters()):,} parameters, {trained:,} of them trained"
    assert said.index(counted) < said.index("epoch 1/1")
    assert "stem before layer2 stays unfrozen" in said


MISTAKES = {
    "--model resnet20": "--model resnet20 names no weights, and fine-tuning begins with some",
    "--model gone.pth": "gone.pth",
    "--model net.pth --freeze layer9": "unknown part to freeze 'layer9'",
    "--model net.pth --freeze stem,layer1,layer2,layer3,head": "--freeze head would keep the new head as it was drawn",
    "--model net.pth --unfreeze-at 2": "--unfreeze-at 2 without --freeze",
    "--model net.pth --freeze stem --unfreeze-at 0": "--unfreeze-at 0 is impossible",
    "--model net.pth --dropout -0.1": "--dropout -0.1 is impossible",
    "--model net.pth --freze stem": "--freeze",
    "--model net.pth --optim.stage-decay 0": "stage_decay=0.0 is impossible",
}


@pytest.mark.parametrize("flags", MISTAKES)
def test_a_mistake_is_answered_and_nothing_is_written(
    flags: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code, box = main(shlex.split(f"{ASKED} {flags}")), False
    except SystemExit as stopped:  # the parser's own box
        code, box = stopped.code, True
    told = capsys.readouterr()
    assert code == 2
    assert MISTAKES[flags] in " ".join(told.err.split())
    assert box or len(told.err.strip().splitlines()) <= 3
    assert "Traceback" not in told.err
    assert not (folder / "run").exists()


def test_help_waits_for_no_torch() -> None:
    code = "import sys; from resnetlab.cli import main; main(['finetune', '--help']); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.rstrip().endswith("False")
    assert "--freeze PART[,PART…]" in said
