"""`resnetlab train` on a terminal: what holds before what, what scripts rely on, names of every kind."""

from __future__ import annotations

import errno
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from picture_folders import write_classes
from resnetlab import create_model
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.cli import main
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.loop import take_step
from resnetlab.training.recipes import RECIPES
from resnetlab.weights import load_checkpoint

ASKED = "train --model resnet20[width=4] --data digits --recipe digits --steps 2 --seed 1 --quiet"
NAMES = [
    *("plain", "a space", " leading", "naïve ☃", "日本語", "two\nlines", "tab\tbed", "quo'te\"", "[brackets]"),
    *("percent%s", "x" * 250, os.fsdecode(b"caf\xe9")),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder; figures, which take longer to draw than these networks to train, are left out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)


def printed(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(shlex.split(f"{line} --print-config")) == 0
    return capsys.readouterr().out


def test_flags_hold_before_a_file_that_before_a_recipe_and_that_before_the_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mine.yaml").write_text("recipe: wrn\nepochs: 7\noptim: {lr: 0.3, momentum: 0.5}\n")
    found: dict[str, Any] = yaml.safe_load(printed("train --config mine.yaml --optim.lr 0.2", capsys))
    assert found["optim"]["lr"] == 0.2
    assert (found["epochs"], found["optim"]["momentum"]) == (7, 0.5)
    assert (found["model"], found["optim"]["nesterov"], found["optim"]["weight_decay"]) == ("wrn28_10", True, 5e-4)
    assert (found["label_smoothing"], found["keep"]) == (0.0, "last")
    other: dict[str, Any] = yaml.safe_load(printed("train --config mine.yaml --recipe digits", capsys))
    assert (other["model"], other["epochs"], other["schedule"]["name"]) == ("resnet20", 7, "one-cycle")


def test_epochs_that_are_asked_for_outdo_the_steps_of_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("recipe: he2015\nepochs: 7\n")
    lines = ("train --recipe he2015 --epochs 7", "train --config mine.yaml", "train --recipe he2015 --epochs=7")
    for line in lines:
        found = yaml.safe_load(printed(line, capsys))
        assert (found["epochs"], found["steps"]) == (7, None), line
    found = yaml.safe_load(printed("train --recipe he2015 --epochs 7 --steps 9", capsys))
    assert (found["epochs"], found["steps"]) == (7, 9)
    assert settings_from(TrainSettings, recipe="he2015", epochs=7).steps is None


def test_a_folder_that_cannot_be_used_is_told_before_pytorch_is_loaded() -> None:
    Path("occupied").mkdir()
    Path("occupied", "notes.txt").touch()
    refused = (
        f"import sys; from resnetlab.cli import main; print(main({shlex.split(ASKED)!r} + ['--output', sys.argv[1]]))"
    )
    for place in ("occupied", "/dev/null/run"):
        line = [sys.executable, "-c", f"{refused}; print('torch' in sys.modules)", place]
        said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
        assert said.split() == ["2", "False"]
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["occupied"]


def test_an_earlier_run_stays_where_a_new_one_cannot_begin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise ResnetlabError("TensorBoard is not installed\ninstall it")

    assert main([*shlex.split(ASKED), "--output", "run"]) == 0
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*") if path.is_file()}
    monkeypatch.setattr("resnetlab.actions.train.require_tensorboard", missing)
    assert main([*shlex.split(ASKED), "--output", "run", "--exist-ok", "--tensorboard"]) == 2
    assert "TensorBoard is not installed" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in Path("run").rglob("*") if path.is_file()} == before


def test_a_sweep_that_cannot_begin_leaves_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split("train --model resnet20 --data digits --batch-size 5000 --find-lr")) == 2
    assert main(shlex.split("train --model resnet20 --data digits --batch-size 5000 --find-lr --output here")) == 2
    assert "images to train on" in capsys.readouterr().err
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_is_printed_of_a_configuration_is_read_again(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    first = printed(f"train --recipe {recipe}", capsys)
    Path("again.yaml").write_text(first)
    assert printed("train --config again.yaml", capsys) == first
    assert yaml.safe_load(first)["recipe"] == recipe


def test_an_unknown_key_of_a_file_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("optim: {momentun: 0.5}\n")
    assert main(["train", "--config", "mine.yaml", "--print-config"]) == 2
    told = capsys.readouterr().err
    assert "momentun" in told
    assert "did you mean" in told
    assert len(told.strip().splitlines()) <= 3


def test_what_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"{ASKED} --output run"
    assert main(shlex.split(line)) == 0
    network = Path("run/model.safetensors").read_bytes()
    assert main(shlex.split("train --resume run --quiet")) == 0
    assert main(shlex.split(f"{line} --resume")) == 0
    assert Path("run/model.safetensors").read_bytes() == network
    capsys.readouterr()
    assert main(["eval", "run", "--data", "digits", "--json", "--output", "scores"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"top1", "top5", "n", "loss"} <= found.keys()
    assert found["n"] == 397


def test_a_flag_may_be_said_again_or_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    Path("on.yaml").write_text("flip_at_test: true\n", encoding="utf-8")
    for flags, holds in ((["--flip-at-test"], "true"), (["--no-flip-at-test"], "false"), ([], "true")):
        assert main(["train", "--config", "on.yaml", *flags, "--print-config"]) == 0
        assert f"flip_at_test: {holds}" in capsys.readouterr().out
    line = shlex.split(f"{ASKED} --flip-at-test --output run")
    assert main(line) == 0
    assert main([*line, "--resume"]) == 0


def test_what_a_run_cannot_go_on_from_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"{ASKED} --output run"
    assert main(shlex.split(line)) == 0
    capsys.readouterr()
    assert main(shlex.split("train --resume run --optim.lr 0.7 --augment.flip random")) == 2
    assert "optim.lr: 0.1 then, 0.7 now; augment.flip: none then, random now" in capsys.readouterr().err
    Path("run/checkpoints/last.pt").write_bytes(b"damaged")
    assert main(shlex.split("train --resume run --quiet")) == 0
    assert "the previous checkpoint was taken" in capsys.readouterr().err  # quiet or not
    Path("run/model.safetensors").unlink()
    assert main(["eval", "run", "--data", "digits"]) == 2
    assert "resnetlab train --resume run" in capsys.readouterr().err
    steps = Path("run/metrics.jsonl").read_bytes()
    shutil.rmtree("run/checkpoints")
    assert main(shlex.split("train --resume run --quiet")) == 2
    assert "run has no checkpoint, and its metrics.jsonl tells of steps" in capsys.readouterr().err
    assert Path("run/metrics.jsonl").read_bytes() == steps


def test_a_checkpoint_tells_of_its_network_what_the_run_s_end_tells() -> None:
    assert main(shlex.split(f"{ASKED} --output run")) == 0
    whole, checkpoint = (load_checkpoint(path).card for path in ("run", "run/checkpoints/last.pt"))
    assert checkpoint.preprocessing is not None
    assert (checkpoint.preprocessing, checkpoint.classes) == (whole.preprocessing, whole.classes)
    assert (checkpoint.spec, checkpoint.source) == (whole.spec, whole.source)


def test_batches_that_are_learned_by_heart_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(f"{ASKED.removesuffix('--quiet')} --output run --overfit-batches 2")) == 0
    assert "overfitting: at most" in capsys.readouterr().err
    assert "overfitting" in json.loads(Path("run/run.json").read_text(encoding="utf-8"))["choices"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command_with_its_code_and_the_run_goes_on(
    number: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> None:
        os.kill(os.getpid(), number)
        take_step(*args)

    monkeypatch.setattr("resnetlab.training.loop.take_step", interrupted)
    assert main(shlex.split(f"{ASKED} --output run")) == code
    assert Path("run/checkpoints/last.pt").is_file()
    monkeypatch.setattr("resnetlab.training.loop.take_step", take_step)
    assert main(shlex.split("train --resume run --quiet")) == 0


def test_a_loss_that_is_no_number_ends_the_command_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(f"{ASKED} --output run --precision fp32 --optim.lr 1e30 --steps 9")) == 1
    told = capsys.readouterr().err
    assert "step 2" in told
    assert "Traceback" not in told


def test_a_full_disk_ends_the_command_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    assert main(shlex.split(f"{ASKED} --output run")) == 2
    told = capsys.readouterr().err
    assert "No space left on device" in told
    assert len(told.strip().splitlines()) <= 3


def test_a_run_s_folder_may_have_any_name() -> None:
    for name in NAMES:
        assert main([*shlex.split(ASKED), "--output", name]) == 0, name
        assert main(["train", "--resume", name, "--quiet"]) == 0, name
        assert Path(name, "model.safetensors").is_file()


def test_a_class_whose_name_is_no_text_is_refused_before_the_first_step(capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(Path("photos"))
    Path("photos/flower").rename(Path("photos", NAMES[-1]))
    line = "train --model resnet20[width=4] --data imagefolder:photos --size 16 --batch-size 4 --output run"
    assert main(shlex.split(line)) == 2
    told = capsys.readouterr().err
    assert "give its folder a name in UTF-8" in told
    assert len(told.strip().splitlines()) <= 3
    assert not Path("run").exists()


def test_a_data_folder_may_have_any_name() -> None:
    write_classes(Path("photos"))
    line = "train --model resnet20[width=4] --size 16 --batch-size 4 --steps 1 --validation 0 --quiet"
    for number, name in enumerate(NAMES):
        shutil.copytree("photos", Path("data", name))
        data = ["--data", f"imagefolder:data/{name}", "--output", f"run-{number}"]
        assert main([*shlex.split(line), *data]) == 0, ascii(name)
        assert main(["train", "--resume", f"run-{number}", "--quiet"]) == 0, ascii(name)


def test_weights_of_any_name_are_fine_tuned() -> None:
    write_classes(Path("photos"))
    state = create_model("resnet20", width=4).state_dict()
    line = "finetune --data imagefolder:photos --batch-size 4 --size 32 --steps 1 --validation 0 --quiet"
    Path("weights").mkdir()
    for number, name in enumerate(NAMES):
        torch.save(state, Path("weights", f"{name}.pth"))
        assert main([*shlex.split(line), "--model", f"weights/{name}.pth", "--output", f"run-{number}"]) == 0, name


def test_resuming_is_proved_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(f"{ASKED} --output run --verify-resume")) == 0
    assert "tensors and numbers are equal" in capsys.readouterr().out
    assert main(shlex.split(f"{ASKED} --output run --verify-resume --json")) == 0
    proof = json.loads(capsys.readouterr().out)
    assert proof["holds"] is True
    assert proof["differ"] == []
    assert len(proof["stops"]) == 2
    assert not Path("run").exists()


def test_a_plan_of_a_training_that_is_shorter_than_the_trial_is_told_and_nothing_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(shlex.split(f"{ASKED} --output run --dry-run --json")) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["steps"] == 2
    assert plan["seconds"] > 0
    assert list(Path().iterdir()) == []


def test_a_learning_rate_is_suggested_and_nothing_trained(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(shlex.split("train --model resnet20[width=4] --data digits --recipe digits --find-lr --json --quiet"))
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if found["suggestion"] else 1)
    assert Path(found["figure"]).is_file()
    assert list(Path().rglob("model.safetensors")) == []
