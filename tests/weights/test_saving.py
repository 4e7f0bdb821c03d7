"""What is saved can be loaded, whatever happens meanwhile, and says of itself all that is known."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import killed_saves
import pytest
import torch
import torchvision
from safetensors import safe_open
from torch import nn

from resnetlab import create_model
from resnetlab.core.errors import CheckpointError, OutputError, ResnetlabError, SpecError
from resnetlab.specs.preprocessing import IMAGENET
from resnetlab.weights import load_checkpoint, load_weights, save
from twins import enliven


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return create_model("resnet20", width=4, num_classes=2, shortcut="B")


def test_two_files_are_written_and_nothing_else(model: nn.Module, tmp_path: Path) -> None:
    save(model, tmp_path / "net")
    assert sorted(file.name for file in (tmp_path / "net").iterdir()) == ["model.json", "model.safetensors"]


def test_the_description_tells_all_and_stands_in_the_weights_too(model: nn.Module, tmp_path: Path) -> None:
    file = save(model, tmp_path, classes=("ant", "bee"), preprocessing=IMAGENET, source="here", licence="CC0-1.0")
    text = (tmp_path / "model.json").read_text(encoding="utf-8")
    told = json.loads(text)
    assert list(told) == [
        *("format", "spec", "classes", "preprocessing", "source", "licence", "assumptions", "hash"),
    ]
    assert (told["classes"], told["source"], told["licence"]) == (["ant", "bee"], "here", "CC0-1.0")
    assert told["spec"]["stages"]["widths"] == [4, 8, 16]
    with safe_open(file, framework="pt") as weights:
        assert weights.metadata()["resnetlab"] == text


def test_what_comes_back_is_what_was_saved(model: nn.Module, tmp_path: Path) -> None:
    save(model, tmp_path, classes=("ant", "bee"), preprocessing=IMAGENET, source="here")
    back = load_checkpoint(tmp_path)
    assert back.spec == model.spec
    assert (back.card.classes, back.card.preprocessing, back.card.source) == (("ant", "bee"), IMAGENET, "here")
    assert all(torch.equal(tensor, model.state_dict()[key]) for key, tensor in back.state_dict().items())
    assert not back.training
    assert all(parameter.requires_grad for parameter in back.parameters())


def test_the_weights_alone_tell_the_same(model: nn.Module, tmp_path: Path) -> None:
    file = save(model, tmp_path / "net", classes=("ant", "bee"), source="here")
    alone = file.rename(tmp_path / "mine.safetensors")
    assert load_checkpoint(alone).card.classes == ("ant", "bee")


def test_a_loaded_network_does_not_change_with_its_file(model: nn.Module, tmp_path: Path) -> None:
    file = save(model, tmp_path)
    back = load_checkpoint(tmp_path)
    with file.open("r+b") as stream:
        stream.seek(-1000, 2)
        stream.write(b"\xff" * 1000)
    assert all(torch.equal(tensor, model.state_dict()[key]) for key, tensor in back.state_dict().items())


def test_layouts_in_memory_and_types_survive(model: nn.Module, tmp_path: Path) -> None:
    save(model.double().to(memory_format=torch.channels_last), tmp_path)
    back = load_checkpoint(tmp_path)
    assert all(torch.equal(tensor, model.state_dict()[key]) for key, tensor in back.state_dict().items())
    assert next(back.parameters()).dtype == torch.float64
    torch.save(model.half().state_dict(), tmp_path / "half.pth")
    assert next(load_checkpoint(tmp_path / "half.pth").parameters()).dtype == torch.float32


def test_whether_it_was_trained_is_told_as_far_as_it_shows(model: nn.Module, tmp_path: Path) -> None:
    save(model, tmp_path / "drawn")
    assert not load_checkpoint(tmp_path / "drawn").card.is_trained
    save(enliven(model, torch.randn(4, 3, 32, 32)), tmp_path / "trained")
    assert load_checkpoint(tmp_path / "trained").card.is_trained


def test_names_go_when_the_head_they_belong_to_goes(model: nn.Module, tmp_path: Path) -> None:
    save(model, tmp_path, classes=("ant", "bee"))
    back = load_checkpoint(tmp_path)
    back.reset_classifier(5)
    save(back, tmp_path)
    assert load_checkpoint(tmp_path).card.classes is None
    with pytest.raises(SpecError, match="classes"):
        save(back, tmp_path, classes=("ant", "bee"))


def test_a_network_that_is_none_of_ours_is_refused_with_the_way_in(tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match=r"a ResNet has no spec.*\n.*load_weights"):
        save(torchvision.models.resnet18(), tmp_path)


def without_a_head(model: nn.Module) -> nn.Module:
    model.reset_classifier(0)
    return model


def with_another_head(model: nn.Module) -> nn.Module:
    model.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(model.num_features, 2))
    return model


WHAT_COULD_NOT_BE_LOADED = {
    "no head": (without_a_head, {}, r"missing: fc\.weight, fc\.bias"),
    "a head of the user's": (with_another_head, {}, r"missing: fc\.weight, .*unexpected: fc\.1\.weight"),
    "no memory": (lambda model: model.to("meta"), {}, "without values"),
    "numbers for names": (lambda model: model, {"classes": (1, 2)}, r"classes\[0\]='1'"),
    "names that cannot be written": (lambda model: model, {"classes": ("a", "\udcff")}, r"classes\[1\]="),
    "a name without end": (lambda model: model, {"classes": ("a", "b" * 20_000)}, r"classes\[1\]="),
}


@pytest.mark.parametrize("name", WHAT_COULD_NOT_BE_LOADED)
def test_what_could_not_be_loaded_again_replaces_no_good_network(name: str, model: nn.Module, tmp_path: Path) -> None:
    change, fields, reason = WHAT_COULD_NOT_BE_LOADED[name]
    save(model, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ResnetlabError, match=reason):
        save(change(model), tmp_path, **fields)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel], ids=["torch.compile", "DataParallel"])
def test_the_network_inside_a_wrapper_is_saved(wrap: Callable, model: nn.Module, tmp_path: Path) -> None:
    save(wrap(model), tmp_path)
    assert load_checkpoint(tmp_path).state_dict().keys() == model.state_dict().keys()


def test_a_file_of_another_program_that_looks_alike_is_left_alone(model: nn.Module, tmp_path: Path) -> None:
    for name in (".model.json-foo-bar", ".model.safetensors-1-zzzzzzzz"):
        (tmp_path / name).touch()
    save(model, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_a_place_that_cannot_be_written_is_told_and_what_stood_there_stays(model: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        save(model, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_full_disk_leaves_the_old_network_whole(model: nn.Module, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the system refuses to write on."""
    save(model, tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
        with pytest.raises(OutputError, match=r"model\.safetensors cannot be written.*\n.*as it was"):
            save(model, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("kills", [40, pytest.param(200, marks=pytest.mark.full)])
def test_a_save_killed_at_any_moment_leaves_a_whole_network_and_the_next_cleans_up(tmp_path: Path, kills: int) -> None:
    command = [sys.executable, killed_saves.__file__, str(tmp_path), str(kills)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert told == {"kills": kills, "faults": [], "networks seen": [3, 4]}
    save(create_model("resnet20", width=4), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", "model.safetensors"]


def test_a_description_of_more_layers_than_there_are_tensors_builds_nothing(model: nn.Module, tmp_path: Path) -> None:
    """With a right hash, as an attacker would write it."""
    from resnetlab.specs.card import ModelCard
    from resnetlab.specs.plain import to_plain
    from resnetlab.weights.description import FORMAT, describe, fingerprint

    save(model, tmp_path)
    tensors = dict(model.state_dict())
    told = {"format": FORMAT, **to_plain(ModelCard(model.spec))}
    told["spec"]["stages"]["depths"] = [10**9] * 3
    (tmp_path / "model.json").write_text(json.dumps(told | {"hash": fingerprint(told, tensors)}))
    with pytest.raises(CheckpointError, match=r"6000000002 layers"):
        load_checkpoint(tmp_path)
    assert describe(ModelCard(model.spec), tensors)


def test_load_weights_looks_at_the_checksum_too(model: nn.Module, tmp_path: Path) -> None:
    file = save(model, tmp_path)
    spoiled = bytearray(file.read_bytes())
    spoiled[-9] ^= 64
    file.write_bytes(spoiled)
    with pytest.raises(CheckpointError, match="checksum error"):
        load_weights(model, tmp_path)
