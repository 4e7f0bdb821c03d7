"""Tensors and checkpoints that PyTorch may write and no network can use are refused whole, quickly and by name."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from resnetlab import create_model
from resnetlab.actions.networks.references import resolve_model
from resnetlab.core.errors import CheckpointError, ResnetlabError, WeightsError
from resnetlab.specs.classes import CIFAR10
from resnetlab.weights import load_checkpoint, load_weights, save
from resnetlab.weights.layouts.cifar import AS_IMAGENET
from twins import enliven

State = dict[str, Any]
FACTS: dict[str, Any] = {"width": 4, "depths": "1/1/1"}
HEAD = torch.randn(10, 16)


def small(**fields: Any) -> nn.Module:
    return create_model("resnet20", **{**FACTS, **fields})


def quantised(tensor: Tensor) -> Tensor:
    return torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8)


ODD: dict[str, tuple[Callable[[], Tensor], str]] = {
    "sparse": (lambda: HEAD.to_sparse(), "10×16 sparse"),
    "whole numbers": (lambda: HEAD.to(torch.int8), "10×16 of int8"),
    "truths": (lambda: HEAD > 0, "10×16 of bool"),
    "complex numbers": (lambda: HEAD.to(torch.complex64), "10×16 of complex64"),
    "numbers of eight bits": (lambda: HEAD.to(torch.float8_e4m3fn), "10×16 of float8_e4m3fn"),
    "no numbers": (lambda: HEAD.to("meta"), "10×16 without values"),
    "few numbers, repeated": (lambda: torch.zeros(1).expand(10, 16), "10×16 of which fewer values are stored"),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("ignore:.*[Qq]uantiz|.*deprecated")
def test_an_odd_tensor_is_refused_and_nothing_is_loaded(name: str, tmp_path: Path) -> None:
    make, told = ODD[name]
    torch.save(small().state_dict() | {"fc.weight": make()}, tmp_path / "net.pth")
    model = small()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for load in (load_checkpoint, lambda file: load_weights(model, file)):
        with pytest.raises(ResnetlabError) as refusal:
            load(tmp_path / "net.pth")
        assert f"fc.weight ({told}, here 10×16)" in str(refusal.value) or "damaged" in str(refusal.value)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def nested(depth: int) -> State:
    inner: State = {"state_dict": dict(small().state_dict())}
    for _ in range(depth):
        inner = {"model": inner}
    return inner


def in_a_circle() -> State:
    circle: State = {}
    circle["model"] = circle
    return circle


DEEP = {"nested without end": lambda: nested(200), "a circle": in_a_circle}


@pytest.mark.parametrize("name", DEEP)
def test_wrappers_without_end_are_refused(name: str, tmp_path: Path) -> None:
    torch.save(DEEP[name](), tmp_path / "net.pth")
    with pytest.raises(ResnetlabError, match=r"no state dict|cannot read it"):
        load_checkpoint(tmp_path / "net.pth")


HUGE = {
    "a block of a large number": "layer3.900000.conv1.weight",
    "a stage of a large number": "layer900000.0.conv1.weight",
    "a number without end": f"layer3.{'9' * 5_000}.conv1.weight",
}


@pytest.mark.parametrize("name", HUGE)
def test_a_large_number_in_a_name_builds_nothing(name: str, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    torch.save(small().state_dict() | {HUGE[name]: torch.zeros(16, 16, 3, 3)}, tmp_path / "net.pth")
    with pytest.raises(WeightsError):
        load_checkpoint(tmp_path / "net.pth")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"


OTHERWISE = {
    "resnet50[depths=1/1/1/1,stride_in=1x1]": ("resnet50", {"depths": "1/1/1/1"}, "stride_in=1x1, here 3x3"),
    "plain20": ("resnet20", {}, "shortcut=none, here A"),
}


@pytest.mark.parametrize("saved", OTHERWISE)
def test_weights_saved_with_a_network_that_computes_otherwise_do_not_fill_another(saved: str, tmp_path: Path) -> None:
    """Although all their tensors have the same names and shapes."""
    name, fields, reason = OTHERWISE[saved]
    save(resolve_model(saved, untrained=True).module, tmp_path)
    with pytest.raises(WeightsError, match=f"they were saved with .*: {reason}"):
        load_weights(create_model(name, **fields), tmp_path)


def test_fields_that_matter_only_in_training_may_differ(tmp_path: Path) -> None:
    save(small(drop_path=0.1), tmp_path)
    model = small(head_dropout=0.3)
    load_weights(model, tmp_path)
    assert model.card is not None
    assert model.card.spec == model.spec


def test_a_row_with_a_file_of_weights_knows_what_the_file_tells(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = enliven(create_model("resnet20"), torch.randn(4, 3, 32, 32))
    torch.save({key.replace("fc.", "linear."): one for key, one in model.state_dict().items()}, tmp_path / "net.th")
    card = resolve_model(f"resnet20@{tmp_path / 'net.th'}").card
    assert (card.classes, card.preprocessing, card.source) == (CIFAR10, AS_IMAGENET, "net.th")
    save(model, tmp_path / "run", classes=tuple("abcdefghij"), source="a run")
    card = resolve_model(f"resnet20@{tmp_path / 'run'}").card
    assert (card.classes, card.source) == (tuple("abcdefghij"), "a run")


class Wrapper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))


@pytest.mark.parametrize("make", [Wrapper, lambda: nn.DataParallel(nn.Linear(2, 3))], ids=["own", "DataParallel"])
def test_a_users_own_network_reads_what_it_wrote(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    first, second = make(), make()
    torch.save(first.state_dict(), tmp_path / "net.pth")
    load_weights(second, tmp_path / "net.pth")
    assert all(torch.equal(tensor, first.state_dict()[key]) for key, tensor in second.state_dict().items())


def test_an_average_is_not_made_up_and_not_taken_in_silence(tmp_path: Path) -> None:
    save(small(), tmp_path / "run")
    with pytest.raises(WeightsError, match="without a moving average"):
        load_checkpoint(tmp_path / "run", ema=True)
    torch.save({"ema": small().state_dict()}, tmp_path / "net.pth")
    said = load_checkpoint(tmp_path / "net.pth").card.assumptions
    assert any("a moving average of the weights" in one for one in said)


def test_whether_damage_would_show_is_told(tmp_path: Path) -> None:
    file = save(small(), tmp_path)
    assert not load_checkpoint(file).card.assumptions
    state, remark = small().state_dict(), "nothing in it would show damage"
    torch.save(state, tmp_path / "zip.pth")
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    shown = {name: load_checkpoint(tmp_path / name).card.assumptions for name in ("zip.pth", "old.pth")}
    assert [any(remark in one for one in said) for said in shown.values()] == [False, True]


def test_a_reading_that_fails_is_told_in_our_words(tmp_path: Path) -> None:
    (tmp_path / "net.pth").write_text("hello, world\n" * 40)
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(tmp_path / "net.pth")
    assert "weights_only" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3


def test_a_state_dict_that_is_there_already_fills_a_network_too() -> None:
    first, second = small(), small()
    assert load_weights(second, {f"module.{key}": tensor for key, tensor in first.state_dict().items()}) is second
    assert torch.equal(first.fc.weight, second.fc.weight)


@pytest.mark.parametrize(("name", "remedy"), [("net.py", "FILE.py:FACTORY"), ("a.jpg", "the network comes first")])
def test_what_is_given_in_place_of_weights_is_told_by_what_it_is(name: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("something")
    with pytest.raises(CheckpointError, match=remedy):
        resolve_model(str(tmp_path / name), untrained=True)


def test_a_fresh_head_stays_untrained_when_it_is_saved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save(enliven(small(), torch.randn(4, 3, 32, 32)), tmp_path / "first")
    model = load_checkpoint(tmp_path / "first")
    model.reset_classifier(3)
    save(model, tmp_path / "second")
    assert not load_checkpoint(tmp_path / "second").card.is_trained
    save(model, tmp_path / "second", source="my own training")
    assert load_checkpoint(tmp_path / "second").card.is_trained
