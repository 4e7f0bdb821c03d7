"""One text names a network in every command; what it names is had, or said why not in three lines."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from resnetlab import create_model
from resnetlab.actions.networks.references import find_model, resolve_model
from resnetlab.core.errors import ResnetlabError, UntrainedError
from resnetlab.weights import save
from twins import enliven

FACTORIES = """
import torch
from torch import nn

import beside


def tiny():
    return nn.Sequential(nn.Conv2d(3, beside.WIDTH, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))


def grouped():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))


class Trained(nn.Sequential):
    def __init__(self):
        norm = nn.BatchNorm2d(3)
        norm.running_mean += 1
        super().__init__(norm)


def broken():
    width = 0
    return nn.Conv2d(3, 4, 3, groups=1 // width)


def no_module():
    return {"a": 1}


def wants_something(width):
    return nn.Identity()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder: a file of factories, a saved network, weights in a file."""
    (tmp_path / "beside.py").write_text("WIDTH = 4\n")
    (tmp_path / "mine.py").write_text(FACTORIES)
    (tmp_path / "syntax.py").write_text("def net(:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit(7)\n")
    (tmp_path / "text.txt").write_text("hello")
    torch.manual_seed(0)
    model = enliven(create_model("resnet20", width=4, num_classes=2), torch.randn(4, 3, 32, 32))
    save(model, tmp_path / "run", classes=("ant", "bee"), source="a test")
    torch.save(model.state_dict(), tmp_path / "net.pth")
    monkeypatch.chdir(tmp_path)
    return tmp_path


KINDS = {
    "resnet20": "ResidualNetwork",
    "resnet20[shortcut=B,width=8]": "ResidualNetwork",
    "torchvision:resnet18": "ResNet",
    "timm:resnet10t": "ResNet",
    "mine.py:tiny": "Sequential",
    "mine.py:Trained": "Trained",
    "run": "ResidualNetwork",
    "./run": "ResidualNetwork",
    "run/model.safetensors": "ResidualNetwork",
    "net.pth": "ResidualNetwork",
    "resnet20[width=4,num_classes=2]@net.pth": "ResidualNetwork",
    "resnet20[width=4,num_classes=2]@run": "ResidualNetwork",
}


@pytest.mark.parametrize("reference", KINDS)
def test_every_form_gives_a_network_in_evaluation_mode(reference: str, folder: Path) -> None:
    found = resolve_model(reference, untrained=True)
    assert type(found.module).__name__ == KINDS[reference]
    assert found.reference == reference
    assert not any(module.training for module in found.module.modules())


TRAINED = {"run": "a test", "net.pth": "net.pth", "resnet20[width=4,num_classes=2]@net.pth": "net.pth"}


@pytest.mark.parametrize("reference", TRAINED)
def test_where_weights_come_from_is_known(reference: str, folder: Path) -> None:
    assert resolve_model(reference).card.source == TRAINED[reference]


def test_the_same_weights_come_by_every_way(folder: Path) -> None:
    images = torch.randn(2, 3, 32, 32)
    ways = ("run", "net.pth", "resnet20[width=4,num_classes=2]@net.pth")
    first, *others = (resolve_model(way).module(images) for way in ways)
    assert all(torch.equal(first, other) for other in others)


def test_names_and_all_else_come_along(folder: Path) -> None:
    card = resolve_model("run").card
    assert card.classes == ("ant", "bee")
    assert card.spec is not None
    assert card.spec.name == "resnet20[num_classes=2,width=4]"


@pytest.mark.parametrize("reference", ["resnet20", "torchvision:resnet18", "timm:resnet10t", "mine.py:tiny"])
def test_an_untrained_network_is_refused_where_a_trained_one_is_meant(reference: str, folder: Path) -> None:
    with pytest.raises(UntrainedError, match=r"is an untrained network.*\n.*--untrained"):
        resolve_model(reference)


def test_a_factory_that_nothing_tells_of_is_believed_aloud(folder: Path) -> None:
    (assumption,) = resolve_model("mine.py:grouped").card.assumptions
    assert "no running statistics" in assumption
    assert resolve_model("mine.py:grouped", untrained=True).card.assumptions == ()


def test_a_factory_is_believed_where_its_statistics_have_moved(folder: Path) -> None:
    assert resolve_model("mine.py:Trained").card.source == "mine.py:Trained"


WRONG = {
    "rsnet50": "did you mean resnet50",
    "resnet20[shortcut=Z]": "allowed: none, A, B",
    "resnet20[shortcut": "cannot be read",
    "resnet20[colour=red]": "unknown field of resnet20 'colour'",
    "resnet20[width=4]@net.pth": "do not fit resnet20[width=4]",
    "resnet20@nowhere.pth": "nowhere.pth cannot be read: No such file",
    "resnet50@IMAGENET1K_V9": "all of them: IMAGENET1K_V1, IMAGENET1K_V2",
    "plain20@DEFAULT": "plain20 has no published weights",
    "torchvision:resnet19": "unknown network of torchvision 'resnet19'",
    "torchvision:resnet18@V7": "IMAGENET1K_V1",
    "timm:resnet": "unknown network of timm 'resnet'",
    "hf:../x": "names no repository of the hub",
    "nowhere/net.safetensors": "cannot be read: No such file",
    "text.txt": "is damaged, or no file of weights",
    "nowhere.py:net": "no Python file at nowhere.py",
    "syntax.py:net": "SyntaxError",
    "mine.py:": "write mine.py:FACTORY",
    "mine.py:tinny": "did you mean tiny",
    "mine.py:broken": "ZeroDivisionError",
    "mine.py:no_module": "gave a dict",
    "mine.py:wants_something": "without arguments",
    "net.onnx": "is an exported network",
    "": "cannot be read",
    "net\0.pth": "holds a zero byte",
    "x" * 300: "unknown model",
    "leaves.py:net": "SystemExit: 7",
}


@pytest.mark.parametrize("reference", WRONG)
def test_what_cannot_be_had_is_said_in_three_lines(
    reference: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ResnetlabError, match=re.escape(WRONG[reference])) as refusal:
        resolve_model(reference, untrained=True)
    assert len(str(refusal.value).strip().splitlines()) <= 3


def test_a_factorys_mistake_is_told_with_its_line(folder: Path) -> None:
    line = next(number for number, text in enumerate(FACTORIES.splitlines(), 1) if "1 // width" in text)
    with pytest.raises(ResnetlabError, match=rf"\(line {line}\)"):
        resolve_model("mine.py:broken", untrained=True)


def test_factories_in_two_folders_have_neighbours_of_one_name(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        (folder / "sizes").mkdir(parents=True)
        (folder / "sizes" / "__init__.py").write_text("from sizes.width import WIDTH\n")
        (folder / "sizes" / "width.py").write_text(f"WIDTH = {number}\n")
        (folder / "net.py").write_text(
            "from torch import nn\ndef net():\n    import sizes\n    return nn.Conv2d(3, sizes.WIDTH, 1)\n"
        )
    made = [resolve_model(f"{tmp_path / str(number)}/net.py:net", untrained=True).module for number in (1, 2)]
    assert [module.out_channels for module in made] == [1, 2]


def test_classes_of_two_files_of_one_name_are_found_by_their_own_module(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "net.py").write_text(f"from torch import nn\nclass Net{number}(nn.Module): ...\n")
    for number in (1, 2):
        resolve_model(f"{tmp_path / str(number)}/net.py:Net{number}", untrained=True)
    first = resolve_model(f"{tmp_path}/1/net.py:Net1", untrained=True).module
    resolve_model(f"{tmp_path}/2/net.py:Net2", untrained=True)
    assert type(pickle.loads(pickle.dumps(first))) is type(first)


def test_only_a_network_is_asked_for_where_weights_make_no_sense() -> None:
    with pytest.raises(ResnetlabError, match="names weights, and only a network is asked for"):
        find_model("resnet20@net.pth")


def test_the_users_path_is_as_it_was_after_a_factory_ran(folder: Path) -> None:
    import sys

    before = list(sys.path)
    assert isinstance(resolve_model("mine.py:tiny", untrained=True).module, nn.Module)
    assert sys.path == before
