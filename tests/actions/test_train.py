"""`train` makes a folder that every command reads, goes on where it stopped, and refuses what cannot be trained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from short_training import TINY, short

from picture_folders import write_classes
from resnetlab import train
from resnetlab.actions.evaluate import evaluate
from resnetlab.actions.runs.network import network_to_train
from resnetlab.actions.runs.train_settings import TrainSettings, settings_from
from resnetlab.actions.train import run
from resnetlab.actions.verify_resume import verify_resume
from resnetlab.core.errors import (
    CheckpointError,
    ImageError,
    InputSizeError,
    ResnetlabError,
)
from resnetlab.training.checkpoints import load_last


@pytest.fixture(autouse=True)
def without_the_page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer to draw than these networks to train; one test here looks at them."""
    if "page" not in request.keywords:
        monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(**short(folder))
    return folder


@pytest.mark.page
def test_a_run_folder_holds_all_that_is_promised(tmp_path: Path) -> None:
    found = train(**short(tmp_path / "run"))
    there = {str(path.relative_to(tmp_path / "run")) for path in (tmp_path / "run").rglob("*") if path.is_file()}
    promised = [
        "config.yaml",
        "env.json",
        "metrics.jsonl",
        "summary.csv",
        "log.txt",
        "report.html",
        "train_batch0.jpg",
    ]
    promised += ["model.safetensors", "model.json", "checkpoints/last.pt", "checkpoints/previous.pt", "plots/loss.svg"]
    assert set(promised) <= there
    assert found.evaluation is not None
    assert found.evaluation.split == "test"
    assert found.steps == 2 * (1259 // 64)


def test_the_network_of_a_run_is_evaluated_to_the_figure_that_training_told(whole: Path, tmp_path: Path) -> None:
    told = json.loads((whole / "eval.json").read_text())
    again = evaluate(str(whole), "digits", output=tmp_path / "eval", quiet=True).scores
    assert (again.n, again.top1) == (397, told["top1"])
    assert again.loss == pytest.approx(told["loss"], rel=1e-4)


def test_config_yaml_gives_the_same_run_again(tmp_path: Path) -> None:
    train(**short(tmp_path / "one", optim={"lr": 0.05}))
    train(config=tmp_path / "one" / "config.yaml", output=tmp_path / "two", quiet=True)
    assert (tmp_path / "one" / "metrics.jsonl").read_bytes() == (tmp_path / "two" / "metrics.jsonl").read_bytes()
    assert yaml.safe_load((tmp_path / "two" / "config.yaml").read_text())["optim"]["lr"] == 0.05


def test_a_run_does_not_go_on_with_other_images(tmp_path: Path) -> None:
    photos = write_classes(tmp_path / "photos", count=20)
    asked = short(tmp_path / "run", data=f"imagefolder:{photos}", recipe=None, batch_size=8, size=16)
    train(**asked)
    (photos / "flower" / "0.png").rename(photos / "flower" / "renamed.png")
    with pytest.raises(CheckpointError, match=r"photos has changed since the checkpoint: its .* images are others"):
        train(resume=tmp_path / "run", quiet=True)
    (photos / "flower" / "renamed.png").rename(photos / "flower" / "0.png")
    assert train(resume=tmp_path / "run", quiet=True).steps == 2 * (32 // 8)


def test_another_library_s_network_is_trained_as_ours_and_one_that_is_none_of_ours_refused(tmp_path: Path) -> None:
    factories = tmp_path / "mine.py"
    factories.write_text(
        "import torchvision\nfrom torch import nn\n"
        "def theirs(): return torchvision.models.resnet18(num_classes=10)\n"
        "def own(): return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 30 * 30, 10))\n"
    )
    asked = short(tmp_path / "run", epochs=1, steps=2, size=32)
    train(**asked | {"model": f"{factories}:theirs"})
    assert evaluate(str(tmp_path / "run"), "digits", output=tmp_path / "eval", quiet=True).scores.n == 397
    with pytest.raises(ResnetlabError, match="own"):
        train(**asked | {"model": f"{factories}:own", "output": tmp_path / "other"})
    assert not (tmp_path / "other").exists()


def test_any_number_of_workers_trains_to_the_same_bits(tmp_path: Path) -> None:
    """Where images are changed one by one, and so read by workers."""
    networks = set()
    for workers in (0, 1, 2, 4):
        changes: dict[str, Any] = {"workers": workers, "steps": 3, "augment": {"crop_scale": [0.3, 1.0]}}
        train(**short(tmp_path / str(workers), **changes, validation=0))
        said = (tmp_path / str(workers) / "log.txt").read_text()
        assert (f"read by {workers} processes" if workers else "read one by one") in said
        networks.add((tmp_path / str(workers) / "model.safetensors").read_bytes())
    assert len(networks) == 1


def epochs_of(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if row["kind"] == "epoch"]


PROVEN = {
    "everything at once": {
        "model": "resnet20[width=4,drop_path=0.3]",
        "ema": 0.9,
        "augment": {"crop_padding": 1, "flip": "random", "cutout": 2, "mixup": 0.4, "cutmix": 0.5},
    },
    "float32, AdamW, two parts": {"precision": "fp32", "accumulate": 2, "optim": {"name": "adamw", "lr": 1e-3}},
    "alternating flips, Nesterov, clipping": {
        "augment": {"flip": "alternating"},
        "optim": {"nesterov": True, "clip": 1.0},
        "schedule": {"name": "cosine", "warmup_epochs": 0.5},
    },
    "images that grow": {"grow": {"sides": [4, 6], "until": [0.2, 0.6]}, "optim": {"name": "muon", "lr": 0.1}},
    "looks at a network that drops blocks": {"model": "resnet20[width=4,drop_path=0.3]", "probe": 3, "keep": "best"},
    "LAMB, a loss for each class": {"optim": {"name": "lamb", "lr": 1e-2}, "loss": "binary", "label_smoothing": 0.1},
}


@pytest.mark.parametrize("changes", PROVEN.values(), ids=PROVEN)
def test_an_interrupted_training_ends_at_the_same_bits(changes: dict[str, Any], tmp_path: Path) -> None:
    proof = verify_resume(settings_from(TrainSettings, **short(tmp_path, **changes)), network_to_train)
    assert proof.differ == ()
    assert proof.stops == (4, 9)
    assert proof.compared > 200


def test_where_no_epoch_can_be_interrupted_nothing_is_proven(tmp_path: Path) -> None:
    asked = settings_from(TrainSettings, **short(tmp_path, batch_size=1259))
    with pytest.raises(ResnetlabError, match="an epoch is one batch"):
        verify_resume(asked, network_to_train)


def test_the_proof_fails_where_something_is_not_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forget_momentum(state: Any, plain: Any, source: str) -> None:
        restore(state, plain, source)
        state.optimiser.state.clear()

    from resnetlab.training.state import restore

    monkeypatch.setattr("resnetlab.actions.runs.call.restore", forget_momentum)
    proof = verify_resume(settings_from(TrainSettings, **short(tmp_path)), network_to_train)
    assert not proof.holds
    assert "model.safetensors" in proof.differ


REFUSED: dict[str, tuple[dict[str, Any], type[ResnetlabError], str]] = {
    "no data": ({"data": None, "recipe": None}, ResnetlabError, "--data is missing"),
    "an unknown field": ({"epoch": 3}, ResnetlabError, "unknown key 'epoch'; did you mean epochs?"),
    "an unknown part's field": ({"optim": {"learning_rate": 1}}, ResnetlabError, "unknown key 'optim.learning_rate'"),
    "an unknown recipe": ({"recipe": "he2051"}, ResnetlabError, "did you mean he2016 or he2015"),
    "a batch larger than the data": ({"batch_size": 1300}, ResnetlabError, "digits has 1259 images to train on"),
    "no batch": ({"batch_size": 0}, ResnetlabError, "batch_size=0 is impossible"),
    "one value under a batch norm": (
        {"model": "resnet18[width=4]", "batch_size": 1},
        ResnetlabError,
        "give --batch-size 2 or more",
    ),
    "images too small": ({"model": "densenet121"}, InputSizeError, "smallest legal size"),
    "other channels than the data": ({"model": "resnet20[in_channels=3]"}, ResnetlabError, "another in_channels"),
    "other outputs than the data": ({"model": "resnet20[num_classes=7]"}, ResnetlabError, "another num_classes"),
    "an unknown model": ({"model": "resnet21"}, ResnetlabError, "did you mean"),
    "a time that is none": ({"max_time": "soon"}, ResnetlabError, "--max-time soon is impossible"),
    "float16 on a processor": ({"precision": "fp16", "device": "cpu"}, ResnetlabError, "no processor trains fast"),
}


@pytest.mark.parametrize(("changes", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_trained_is_refused_in_three_lines_and_leaves_no_folder(
    changes: dict[str, Any], kind: type[ResnetlabError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind) as refusal:
        train(**short(tmp_path / "run", **changes))
    assert message in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3
    assert not (tmp_path / "run").exists()


def test_images_that_cannot_be_read_are_told_before_the_first_step_or_left_out(tmp_path: Path) -> None:
    photos = write_classes(tmp_path / "photos", count=10)
    (photos / "flower" / "0.png").write_text("no picture")
    settings = {"model": TINY, "data": f"imagefolder:{photos}", "epochs": 1, "batch_size": 4, "quiet": True}
    with pytest.raises(ImageError, match=r"flower/0\.png"):
        train(**settings, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    found = train(**settings, output=tmp_path / "run", skip_unreadable=True)
    assert any("of 1" in remark and "left out" in remark for remark in found.remarks)
    assert "are left out" in (tmp_path / "run" / "log.txt").read_text()


def test_images_that_can_be_read_again_and_renamed_classes_are_not_gone_on_with(tmp_path: Path) -> None:
    photos = write_classes(tmp_path / "photos", count=10)
    picture = (photos / "flower" / "0.png").read_bytes()
    (photos / "flower" / "0.png").write_text("no picture")
    settings = {"model": TINY, "data": f"imagefolder:{photos}", "epochs": 1, "batch_size": 4, "quiet": True}
    train(**settings, output=tmp_path / "run", skip_unreadable=True)
    train(resume=tmp_path / "run", quiet=True)
    (photos / "flower" / "0.png").write_bytes(picture)
    with pytest.raises(CheckpointError, match="its unreadable images are others"):
        train(resume=tmp_path / "run", quiet=True)
    (photos / "flower" / "0.png").write_text("no picture")
    (photos / "flower").rename(photos / "zebra")
    with pytest.raises(CheckpointError, match="has changed since the checkpoint"):
        train(resume=tmp_path / "run", quiet=True)


def test_a_file_of_settings_counts_beside_resume(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("optim:\n  lr: 0.7\n")
    with pytest.raises(ResnetlabError, match=r"optim\.lr: .* then, 0\.7 now"):
        train(resume=whole, config=tmp_path / "other.yaml")


def test_rate_and_batch_are_said_before_the_first_step(whole: Path) -> None:
    assert re.search(
        r"learning rate: [\d.]+ at the most, for batches of \d+ images\n", (whole / "log.txt").read_text()
    )


def test_overfitting_a_batch_brings_its_loss_down(tmp_path: Path) -> None:
    train(**short(tmp_path / "run", overfit_batches=1, epochs=40, validation=0, optim={"weight_decay": 0}))
    losses = [row["train_loss"] for row in epochs_of(tmp_path / "run")]
    assert losses[-1] < 0.1 * losses[0]


def test_the_best_network_is_kept_where_that_is_asked(tmp_path: Path) -> None:
    settings = settings_from(TrainSettings, **short(tmp_path / "run", epochs=4, keep="best", optim={"lr": 0.5}))
    found = run(settings, network_to_train)
    assert found.best == max(row["validation_top1"] for row in epochs_of(tmp_path / "run"))
    kept = evaluate_on_validation(tmp_path / "run", settings)
    assert kept == pytest.approx(found.best)


def test_the_moving_average_is_what_is_kept(tmp_path: Path) -> None:
    train(**short(tmp_path / "run", epochs=1, ema=0.9))
    last, kept = load_last(tmp_path / "run").content, load_file(tmp_path / "run" / "model.safetensors")
    assert all(torch.equal(tensor, last["average"][f"module.{name}"]) for name, tensor in kept.items())
    assert not torch.equal(kept["fc.weight"], last["model"]["fc.weight"])


def evaluate_on_validation(folder: Path, settings: TrainSettings) -> float:
    from resnetlab.data.splits import training_data

    held_out = training_data("digits", settings.seed, settings.validation).validation
    assert held_out is not None
    return evaluate(str(folder), held_out, output=folder / "validation", quiet=True).scores.top1
