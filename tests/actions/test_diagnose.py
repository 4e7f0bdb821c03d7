"""A diagnosis writes a page and its numbers, fits data to networks aloud, and refuses what it cannot look at."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import resnetlab
from resnetlab.actions import diagnose_memory, diagnose_page
from resnetlab.actions.diagnose_images import smallest_size
from resnetlab.actions.diagnose_parts import PARTS
from resnetlab.actions.diagnosis import Diagnosis
from resnetlab.cli import main
from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.data import load_data
from resnetlab.pages.svg import Drawing

TINY = "resnet20[in_channels=1,width=4]"


@pytest.fixture(autouse=True)
def figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take a second; they are drawn for the tests that look at the page."""
    if request.node.get_closest_marker("page") is None:
        monkeypatch.setattr(diagnose_page, "_drawings", lambda found: defaultdict(lambda: Drawing("<svg />", b"")))


def small(channels: int = 1, classes: int = 10) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    )


def diagnose(model: Any, data: Any = "digits", *, folder: Path, **settings: Any) -> Diagnosis:
    asked = {"parts": ("health",), "images": 32, "batch_size": 16, "quiet": True, "output": folder} | settings
    return resnetlab.diagnose(model, data, **asked)


def rules(found: Diagnosis) -> set[str]:
    return {one.rule for one in found.findings}


class Wrapped(nn.Module):
    """A classifier that gives more than logits."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.net, self.kind = small(), kind

    def forward(self, x: Tensor) -> Any:
        logits = self.net(x)
        return {"dict": {"features": x, "logits": logits}, "tuple": (logits, x)}[self.kind]


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


def test_grey_images_go_into_a_network_for_colour_and_that_is_said(tmp_path: Path) -> None:
    found = diagnose(small(channels=3), folder=tmp_path / "a")
    assert "grey images are repeated in three channels, as the network takes them" in found.remarks
    with pytest.raises(ResnetlabError, match="--keep-channels forbids it"):
        diagnose(small(channels=3), folder=tmp_path / "b", keep_channels=True)


def test_images_are_enlarged_to_the_smallest_size_that_runs(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 11), nn.Flatten(), nn.LazyLinear(10))
    pooled = nn.Sequential(nn.Conv2d(1, 4, 11), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    found = diagnose(pooled, folder=tmp_path / "a")
    assert "images of 8×8 pixels are enlarged to 11×11, the smallest that the network takes" in found.remarks
    assert found.facts["input_size"] == [1, 11, 11]
    with pytest.raises(ResnetlabError, match="--keep-size forbids it"):
        diagnose(pooled, folder=tmp_path / "b", keep_size=True)
    lazy = diagnose(model, folder=tmp_path / "c")  # takes its shapes from the first size that runs
    assert lazy.facts["input_size"] == [1, 16, 16]


def test_a_network_of_one_size_alone_gets_that_size() -> None:
    assert smallest_size(8, 3, lambda channels, side: side == 224) == 224
    assert smallest_size(8, 3, lambda channels, side: side >= 29) == 29
    with pytest.raises(ResnetlabError, match="runs on no image"):
        smallest_size(8, 3, lambda channels, side: False)


@pytest.mark.parametrize(("kind", "said"), [("dict", "a dict; its logits"), ("tuple", "a tuple; its first matrix")])
def test_logits_are_found_in_what_a_network_gives(kind: str, said: str, tmp_path: Path) -> None:
    assert any(said in remark for remark in diagnose(Wrapped(kind), folder=tmp_path).remarks)


class NeedsTwo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.net(x * mask)


REFUSED: dict[str, tuple[Any, str]] = {
    "no parameters": (nn.Sequential(nn.Flatten(), nn.ReLU()), "has no parameters"),
    "two inputs": (NeedsTwo(), "does not take one batch of images alone"),
    "no classifier": (nn.Conv2d(1, 4, 3), "no classifier: it gives a tensor of shape"),
    "one output": (small(classes=1), "no classifier"),
    "too few outputs": (small(classes=4), "the data has 10 classes, and the network gives 4"),
    "other channels": (small(channels=5), "5 channels"),
}


@pytest.mark.parametrize(("model", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_looked_at_is_refused_in_three_lines(model: nn.Module, said: str, tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match=said) as raised:
        diagnose(model, folder=tmp_path)
    assert len(str(raised.value).splitlines()) <= 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch_size": 1}, "--batch-size 1 is impossible"),
        ({"images": 0}, "--images 0 is impossible"),
        ({"seed": -1}, "--seed -1 is impossible"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, int], said: str, tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match=said):
        diagnose(small(), folder=tmp_path, **settings)


def test_an_unknown_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown part 'helth'; did you mean health"):
        diagnose(small(), folder=tmp_path, parts=("helth",))


class Branching(nn.Module):
    """Takes another way for bright images, and uses one convolution and one in-place ReLU twice."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small()
        self.shared = nn.Conv2d(1, 1, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.shared(x))
        if float(x.detach().mean()) > 0.1:
            x = x + 1
        return self.net(self.relu(self.shared(x)))


def test_a_network_that_decides_by_numbers_is_looked_at_and_said_to(tmp_path: Path) -> None:
    found = diagnose(Branching(), folder=tmp_path)
    assert any("decides by the numbers it meets" in one for section in found.sections for one in section.not_done)
    calls = [layer["call"] for layer in found.sections[0].numbers["now"] if layer["name"] == "shared"]
    assert calls == [1, 2]


def test_outputs_that_are_no_numbers_are_a_finding_and_other_parts_are_left_out(tmp_path: Path) -> None:
    model = small()
    nn.init.constant_(next(model.parameters()), float("nan"))
    found = diagnose(model, folder=tmp_path, parts=("all",))
    assert [one.layer for one in found.findings if one.rule == "not finite"] == ["0"]
    others = [section for section in found.sections if section.slug not in ("signal", "gradient", "norms", "outputs")]
    assert len(others) == len(PARTS)
    assert all("not finite" in section.not_done[0] for section in others)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads((tmp_path / "diagnosis.json").read_text(), parse_constant=refuse)


def loader(batches: int) -> Iterator[tuple[Tensor, Tensor]]:
    data = load_data("digits")
    for at in range(batches):
        yield data.train_images[16 * at : 16 * (at + 1)], data.train_labels[16 * at : 16 * (at + 1)]


def test_a_loader_that_ends_early_is_said_to_and_an_empty_one_refused(tmp_path: Path) -> None:
    found = diagnose(small(), loader(3), folder=tmp_path / "a", images=100)
    assert "the loader ended after 48 images, of 100 that were asked for; all are used" in found.remarks
    assert diagnose(small(), loader(9), folder=tmp_path / "b", images=32).facts["images"] == 32
    with pytest.raises(ResnetlabError, match="ended before it gave one image"):
        diagnose(small(), loader(0), folder=tmp_path / "c")
    with pytest.raises(ResnetlabError, match="no pair of images"):
        diagnose(small(), [torch.zeros(4, 1, 8, 8)], folder=tmp_path / "d")


def test_one_batch_may_be_given_as_it_is(tmp_path: Path) -> None:
    data = load_data("digits")
    found = diagnose(small(), (data.test_images[:40], data.test_labels[:40]), folder=tmp_path, images=40)
    assert found.facts["images"] == 40


def test_too_little_memory_is_told_before_anything_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose_memory, "free_memory", lambda device: 200_000)
    with pytest.raises(ResnetlabError, match=r"--batch-size 16 takes about .* are free\ngive --batch-size \d+"):
        diagnose(small(), folder=tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_an_estimate_of_memory_grows_with_the_batch() -> None:
    cost = resnetlab.analysis.measure_complexity(small(), (1, 8, 8))
    layers = 8 * 8 * 8 * 3 + 8 + 10  # convolution, norm and ReLU; pool, whose flat view is free; head
    weights = sum(one.numel() for one in small().parameters()) + 2 * 8 + 2  # running statistics, a counter of 8 bytes
    assert diagnose_memory.needed_memory(cost, 16) == 2 * 16 * 4 * layers + 6 * 4 * weights


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
    with pytest.raises(ResnetlabError, match="--earlier is another network"):
        diagnose(small(), folder=tmp_path / "e", earlier=str(tmp_path / "earlier.pth"))


def test_a_trained_network_is_looked_at_as_it_began_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = resnetlab.create_model("resnet20", in_channels=1, width=4)
    with torch.no_grad():
        model.train()(load_data("digits").train_images[:64])  # running statistics are no longer those drawn
    torch.save(model.state_dict(), tmp_path / "net.pth")
    found = diagnose(str(tmp_path / "net.pth"), folder=tmp_path / "d")
    assert set(found.sections[0].numbers) == {"images", "now", "start"}


def test_the_module_is_left_as_it_was(tmp_path: Path) -> None:
    model = small().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    diagnose(model, folder=tmp_path)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
