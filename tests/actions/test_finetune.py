"""`finetune` keeps what is frozen to the bit, tells classes by name, and goes on exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from picture_folders import write_classes
from resnetlab import finetune, train
from resnetlab.actions.evaluate import evaluate
from resnetlab.actions.finetune import network_to_finetune
from resnetlab.actions.runs.finetune_settings import FinetuneSettings
from resnetlab.actions.runs.train_settings import settings_from
from resnetlab.actions.verify_resume import verify_resume
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import open_data


@pytest.fixture(autouse=True)
def without_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer to draw than these networks to train."""
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)


@pytest.fixture(scope="module")
def digits_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose network tells digits."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)
        train("resnet20[width=4]", "digits", recipe="digits", epochs=2, output=folder, quiet=True)
    return folder


def short(model: Path | str, data: str, folder: Path, **changes: Any) -> dict[str, Any]:
    """A fine-tuning of a few seconds."""
    settings = {"model": str(model), "data": data, "epochs": 2, "batch_size": 8, "size": 32, "quiet": True}
    return settings | {"output": folder} | changes


def pictures(folder: Path, names: tuple[str, str] = ("flower", "temple")) -> str:
    write_classes(folder, count=20)
    for old, new in zip(("flower", "temple"), names, strict=True):
        (folder / old).rename(folder / f"{new}")
    return f"imagefolder:{folder}"


def parts_changed(one: Path, other: Path) -> set[str]:
    """The parts of a ResNet in which two saved networks differ by a bit; a head of another shape differs."""
    before, after = (load_file(folder / "model.safetensors") for folder in (one, other))
    changed = {
        name for name in after if after[name].shape != before[name].shape or not torch.equal(after[name], before[name])
    }
    return {"stem" if name.startswith(("conv1", "bn1")) else name.partition(".")[0] for name in changed}


@pytest.mark.parametrize(
    "changes",
    [{}, {"ema": 0.9}, {"precision": "fp32", "channels_last": "off"}, {"optim": {"name": "adamw", "lr": 1e-3}}],
    ids=["as it is", "with a moving average", "in float32", "by AdamW"],
)
def test_frozen_tensors_and_statistics_are_the_same_to_the_bit_in_the_network_that_is_kept(
    digits_net: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    data = pictures(tmp_path / "pictures")
    found = finetune(**short(digits_net, data, tmp_path / "run", freeze="stem,layer1", **changes))
    assert parts_changed(digits_net, tmp_path / "run") == {"layer2", "layer3", "fc"}
    assert "frozen, running statistics too: stem, layer1" in found.remarks
    assert any("the head is new, for 2 classes: the old one told others" in remark for remark in found.remarks)
    scores = evaluate(str(tmp_path / "run"), data, output=tmp_path / "eval", quiet=True)
    assert scores.classes == ("flower", "temple")


def test_what_is_unfrozen_at_an_epoch_learns_from_then_on(digits_net: Path, tmp_path: Path) -> None:
    data = pictures(tmp_path / "pictures")
    finetune(**short(digits_net, data, tmp_path / "run", freeze="stem,layer1,layer2", unfreeze_at=2))
    assert parts_changed(digits_net, tmp_path / "run") == {"stem", "layer1", "layer2", "layer3", "fc"}
    kept = [torch.load(tmp_path / "run/checkpoints" / name, weights_only=True) for name in ("previous.pt", "last.pt")]
    first = {checkpoint["epoch"]: checkpoint["model"] for checkpoint in kept}[1]
    base = load_file(digits_net / "model.safetensors")
    assert all(torch.equal(first[name], base[name]) for name in base if name.startswith(("conv1", "bn1", "layer1")))


@pytest.mark.parametrize(
    "changes",
    [
        {"freeze": "stem,layer1", "unfreeze_at": 2, "optim": {"stage_decay": 0.5}},
        {"freeze": "layer1,layer2", "dropout": 0.5, "ema": 0.9},
    ],
    ids=["unfrozen on the way", "a stage in the middle, dropout"],
)
def test_an_interrupted_fine_tuning_ends_at_the_same_bits(
    digits_net: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    asked = settings_from(FinetuneSettings, "finetune", **short(digits_net, "digits", tmp_path, **changes))
    proof = verify_resume(asked, network_to_finetune, "finetune")
    assert proof.differ == ()
    assert proof.stops == (4, 9)


def test_a_run_goes_on_from_its_folder_with_what_it_began_with(digits_net: Path, tmp_path: Path) -> None:
    data = pictures(tmp_path / "pictures")
    finetune(**short(digits_net, data, tmp_path / "run", freeze="stem"))
    again = finetune(resume=tmp_path / "run", quiet=True)
    assert again.folder == tmp_path / "run"
    with pytest.raises(ResnetlabError, match="freeze: stem then, layer1 now"):
        finetune(resume=tmp_path / "run", freeze="layer1")


def test_a_network_that_tells_the_data_s_classes_keeps_its_head_unless_a_new_one_is_asked_for(
    digits_net: Path, tmp_path: Path
) -> None:
    asked = settings_from(FinetuneSettings, "finetune", **short(digits_net, "digits", tmp_path))
    digits = open_data("digits", "train").classes
    kept = network_to_finetune(asked, digits, 1)
    assert "the head is kept: it tells the data's classes" in kept.remarks
    assert torch.equal(kept.module.fc.weight, load_file(digits_net / "model.safetensors")["fc.weight"])
    fresh = settings_from(FinetuneSettings, "finetune", **short(digits_net, "digits", tmp_path, new_head=True))
    assert any("the head is new" in remark for remark in network_to_finetune(fresh, digits, 1).remarks)


def test_train_and_eval_refuse_other_classes_of_the_same_number_and_finetune_gives_them_a_head(
    digits_net: Path, tmp_path: Path
) -> None:
    first, second = pictures(tmp_path / "one"), pictures(tmp_path / "two", ("flower", "palace"))
    finetune(**short(digits_net, first, tmp_path / "run", epochs=1))
    with pytest.raises(ResnetlabError, match="differ in their classes: only the network has temple"):
        train(**short(tmp_path / "run", second, tmp_path / "refused", epochs=1))
    with pytest.raises(ResnetlabError, match="differ in their classes: only the network has temple"):
        evaluate(str(tmp_path / "run"), second, output=tmp_path / "eval", quiet=True)
    finetune(**short(tmp_path / "run", second, tmp_path / "again", epochs=1))
    assert evaluate(str(tmp_path / "again"), second, output=tmp_path / "eval", quiet=True).classes[1] == "palace"


def test_dropout_and_stochastic_depth_are_in_the_network_that_is_kept(digits_net: Path, tmp_path: Path) -> None:
    data = pictures(tmp_path / "pictures")
    finetune(**short(digits_net, data, tmp_path / "run", epochs=1, dropout=0.4, drop_path=0.2))
    asked = settings_from(FinetuneSettings, "finetune", **short(tmp_path / "run", data, tmp_path / "next"))
    module = network_to_finetune(asked, ("flower", "temple"), 3).module
    assert (module.spec.head_dropout, module.spec.block.drop_path) == (0.4, 0.2)


@pytest.mark.parametrize(("epoch", "words"), [(2, "until epoch 2 begins"), (3, "which is after the last one, 2")])
def test_how_long_it_is_frozen_is_said(epoch: int, words: str, digits_net: Path, tmp_path: Path) -> None:
    changes = {"freeze": "stem", "unfreeze_at": epoch}
    asked = settings_from(FinetuneSettings, "finetune", **short(digits_net, "digits", tmp_path, **changes))
    assert network_to_finetune(asked, ("flower", "temple"), 3).remarks[-1].endswith(words)


MISTAKES = {
    "no weights": ({"model": "resnet20"}, "names no weights, and fine-tuning begins with some"),
    "a part that is not there": ({"freeze": "stem,layr1"}, "unknown part to freeze 'layr1'; did you mean layer1"),
    "the new head": ({"freeze": "head"}, "--freeze head would keep the new head as it was drawn"),
    "nothing to unfreeze": ({"unfreeze_at": 2}, "--unfreeze-at 2 without --freeze"),
    "unfrozen from the start": ({"freeze": "stem", "unfreeze_at": 1}, "--unfreeze-at 1 is impossible"),
    "all dropped": ({"dropout": 1.0}, "--dropout 1.0 is impossible"),
    "a field of another command": ({"frieze": "stem"}, "did you mean freeze"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered_in_three_lines_and_nothing_is_left_behind(
    name: str, digits_net: Path, tmp_path: Path
) -> None:
    changes, words = MISTAKES[name]
    settings = short(digits_net, pictures(tmp_path / "pictures"), tmp_path / "run")
    with pytest.raises(ResnetlabError) as refusal:
        finetune(**settings | changes)
    assert words in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3
    assert not (tmp_path / "run").exists()


def test_a_network_that_is_none_of_ours_is_refused_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "def network():\n"
        "    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
        "    model[1].num_batches_tracked.fill_(9)\n"
        "    model[1].running_mean.fill_(0.5)\n"
        "    return model\n"
    )
    with pytest.raises(ResnetlabError, match="is no network of ours"):
        finetune(**short(tmp_path / "mine.py:network", pictures(tmp_path / "pictures"), tmp_path / "run"))
