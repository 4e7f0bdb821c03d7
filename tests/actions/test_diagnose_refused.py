"""What a diagnosis cannot look at is refused in three lines; what it can, it marks as far as it could not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diagnosing import diagnose, small
from torch import Tensor, nn

import resnetlab
from resnetlab import create_model
from resnetlab.actions.diagnosing import memory as diagnose_memory
from resnetlab.actions.diagnosing.parts import PARTS
from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.data import open_data

pytestmark = pytest.mark.usefixtures("no_drawings")


class NeedsTwo(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.net(x * mask)


class ByName(NeedsTwo):
    def forward(self, x: Tensor, *, mask: Tensor) -> Tensor:  # type: ignore[override]  # the fault to find
        return self.net(x * mask)


class ByKey(NeedsTwo):
    def forward(self, x: dict[str, Tensor]) -> Tensor:  # type: ignore[override]  # the fault to find
        raise KeyError("pixel_values")


REFUSED: dict[str, tuple[Any, str]] = {
    "no parameters": (nn.Sequential(nn.Flatten(), nn.ReLU()), "has no parameters"),
    "two inputs": (NeedsTwo(), "does not take one batch of images alone"),
    "an input by its name": (ByName(), "does not take one batch of images alone"),
    "a dictionary": (ByKey(), r"from 8×8 to 512×512 pixels: KeyError: 'pixel_values'"),
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


class AskingNumpy(Branching):
    """Leaves PyTorch for the decision."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x + 0.1 if x.detach().numpy().mean() > 0.1 else x)


@pytest.mark.parametrize("make", [Branching, AskingNumpy])
def test_a_network_that_decides_by_numbers_is_looked_at_and_said_to(
    make: Callable[[], nn.Module], tmp_path: Path
) -> None:
    found = diagnose(make(), folder=tmp_path)
    assert any("decides by the numbers it meets" in one for section in found.sections for one in section.not_done)
    calls = [layer["call"] for layer in found.sections[0].numbers["now"] if layer["name"] == "shared"]
    assert calls == [1, 2]


def test_blocks_of_a_network_that_decides_by_numbers_are_removed_and_swapped(tmp_path: Path) -> None:
    class Deciding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = create_model("resnet20", 10, 1, width=2, depths=(2, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x + 1 if float(x.detach().mean()) > 0.1 else x)

    lesions = diagnose(Deciding(), folder=tmp_path, parts=("lesions",)).sections[-1]
    assert lesions.not_done == ()
    assert len(lesions.numbers["without_one"]) == 4
    assert [one["blocks"] for one in lesions.numbers["swapped"]] == [("net.layer1.0", "net.layer1.1")]


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


@pytest.mark.parametrize("make", [small, Branching, AskingNumpy])
def test_too_little_memory_is_told_before_anything_runs(
    make: Callable[[], nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose_memory, "free_memory", lambda device: 200_000)
    with pytest.raises(ResnetlabError, match=r"--batch-size 16 takes about .* are free\ngive --batch-size \d+"):
        diagnose(make(), folder=tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_images_that_the_memory_will_not_hold_are_refused_before_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int) -> Tensor:
        raise AssertionError(f"image {number} was read")

    data = replace(open_data("digits", "test"), read=refuse)
    monkeypatch.setattr(diagnose_memory, "free_memory", lambda device: 10_000)
    with pytest.raises(ResnetlabError, match=r"32 images of 8×8 pixels take about .* are free\ngive fewer --images"):
        diagnose(small(), data, folder=tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_an_estimate_of_memory_grows_with_the_batch() -> None:
    cost = resnetlab.analysis.measure_complexity(small(), (1, 8, 8))
    layers = 8 * 8 * 8 * 3 + 8 + 10  # convolution, norm and ReLU; pool, whose flat view is free; head
    weights = sum(one.numel() for one in small().parameters()) + 2 * 8 + 2  # running statistics, a counter of 8 bytes
    assert diagnose_memory.needed_memory(cost, 16) == 2 * 16 * 4 * layers + 6 * 4 * weights
