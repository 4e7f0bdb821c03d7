"""A diagnosis writes a page and its numbers, fails on demand, and leaves the network as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diagnosing import diagnose, small
from torch import nn

import resnetlab
from resnetlab.actions.diagnosing.lesions import IDLE
from resnetlab.cli import main
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import load_data

pytestmark = pytest.mark.usefixtures("no_drawings")
TINY = "resnet20[in_channels=1,width=4]"


@pytest.mark.page
def test_page_numbers_and_figures_are_written(tmp_path: Path) -> None:
    found = diagnose(TINY, folder=tmp_path / "d")
    page = (tmp_path / "d" / "report.html").read_text(encoding="utf-8")
    content = json.loads((tmp_path / "d" / "diagnosis.json").read_text(encoding="utf-8"))
    assert set(content["sections"]) == {"signal", "gradient", "norms", "outputs"}
    assert content["findings"] == [vars(one) for one in found.findings]
    assert content["images"] == 32
    assert len(content["sections"]["signal"]["now"]) > 60
    assert content["sections"]["outputs"]["is_trained"] is False
    for title in ("The signal on its way forward", "The gradient on its way back", "Batch norms", "Input and outputs"):
        assert title in page
    assert (tmp_path / "d" / "plots" / "gradient-depth.svg").stat().st_size > 1000


@pytest.mark.parametrize("wrap", [torch.compile, nn.DataParallel], ids=["compiled", "data-parallel"])
def test_of_a_wrapped_network_the_layers_inside_are_named(wrap: Callable[..., nn.Module], tmp_path: Path) -> None:
    bare, wrapped = (diagnose(model, folder=tmp_path / name) for name, model in (("a", small()), ("b", wrap(small()))))
    assert wrapped.sections[0].numbers == bare.sections[0].numbers


def test_what_enters_a_second_diagnosis_into_the_same_folder_is_its_own(tmp_path: Path) -> None:
    diagnose(small(), folder=tmp_path)
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "old.svg").write_text("of an earlier diagnosis")
    with pytest.raises(ResnetlabError, match="holds files already"):
        diagnose(small(), folder=tmp_path)
    diagnose(small(), folder=tmp_path, exist_ok=True)
    assert not (tmp_path / "plots" / "old.svg").exists()


def test_the_command_prints_findings_and_fails_on_demand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "def make():\n"
        "    head = nn.Linear(8, 10)\n"
        "    head.weight.data *= 1000\n"
        "    norm = nn.BatchNorm2d(8, momentum=0.0)\n"
        "    return nn.Sequential(nn.Conv2d(1, 8, 3), norm, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)\n"
    )
    words = f"diagnose {file}:make --data digits --parts health --images 32 --batch-size 16".split()
    assert main([*words, "--output", str(tmp_path / "a"), "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {key for one in findings for key in one} == {"rule", "severity", "layer", "value", "threshold", "advice"}
    assert {("statistics never move", "1", "error"), ("loss at the start", "5", "warning")} <= {
        (one["rule"], one["layer"], one["severity"]) for one in findings
    }
    assert main([*words, "--output", str(tmp_path / "b"), "--fail-on", "error", "--quiet"]) == 1
    assert "statistics never move" in capsys.readouterr().out


def test_fail_on_warning_lets_remarks_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["diagnose", TINY, "--data", "digits", "--parts", "health", "--images", "32", "--batch-size", "32"]
    assert main([*words, "--output", str(tmp_path / "a"), "--fail-on", "warning", "--quiet"]) == 0
    assert "page:" in capsys.readouterr().out


def test_parameters_that_moved_are_told_from_those_that_did_not(tmp_path: Path) -> None:
    torch.manual_seed(0)
    earlier = resnetlab.create_model("resnet20", in_channels=1, width=4)
    torch.save(earlier.state_dict(), tmp_path / "earlier.pth")
    with torch.no_grad():
        for name, parameter in earlier.named_parameters():
            if not name.startswith("layer1.0.conv1"):
                parameter.mul_(1.5).add_(0.01)
    found = diagnose(earlier, folder=tmp_path / "d", earlier=str(tmp_path / "earlier.pth"))
    assert [one.layer for one in found.findings if one.rule == "did not move"] == ["layer1.0.conv1.weight"]
    moved = {one["name"]: one["moved"] for one in found.sections[-1].numbers["parameters"]}
    assert moved["layer2.0.conv1.weight"] == pytest.approx(0.5, abs=0.1)
    same = diagnose(str(tmp_path / "earlier.pth"), folder=tmp_path / "s", earlier=str(tmp_path / "earlier.pth"))
    assert same.sections[-1].not_done == ("both checkpoints hold the same numbers, so nothing moved",)
    with pytest.raises(ResnetlabError, match=r"--earlier .*\.pth is another network"):
        diagnose(small(), folder=tmp_path / "e", earlier=str(tmp_path / "earlier.pth"))
    with pytest.raises(ResnetlabError, match="gone"):
        diagnose(small(), folder=tmp_path / "e", earlier=str(tmp_path / "gone.pth"))
    assert not (tmp_path / "e").exists()


def test_a_trained_network_is_looked_at_as_it_began_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = resnetlab.create_model("resnet20", in_channels=1, width=4)
    with torch.no_grad():
        model.train()(load_data("digits").train_images[:64])  # running statistics are no longer those drawn
    torch.save(model.state_dict(), tmp_path / "net.pth")
    found = diagnose(str(tmp_path / "net.pth"), folder=tmp_path / "d")
    assert set(found.sections[0].numbers) == {"images", "now", "start", "squashing_functions"}


def test_weights_of_a_file_that_know_nothing_yet_have_no_idle_blocks(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model: Any = resnetlab.create_model("resnet20", 10, 1, width=4, depths=(1, 1, 1), norm="none")
    for block in model.blocks:  # branches begin at zero, as Fixup's do: no loss tells them from none
        nn.init.zeros_(block.conv2.weight)
    torch.save(model.state_dict(), tmp_path / "net.pth")
    found = diagnose(str(tmp_path / "net.pth"), folder=tmp_path / "d", parts=("lesions",))
    whole, single = (found.sections[-1].numbers[name] for name in ("whole", "without_one"))
    assert {lesion["score"]["loss"] for lesion in single} == {whole["loss"]}
    assert [one for one in found.findings if one.rule == IDLE] == []


def test_the_module_is_left_as_it_was(tmp_path: Path) -> None:
    model = small().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    diagnose(model, folder=tmp_path)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
