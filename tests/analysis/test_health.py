"""Every planted fault is named, with its layer; healthy twins of the same networks have none."""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import planted_faults as faults
import pytest
import torch
from health_cases import Batches, diagnosed, places
from torch import Tensor, nn
from torch.nn import functional as F

import resnetlab
from resnetlab.actions.diagnosing import page as diagnose_page
from resnetlab.analysis.health_judgement import judge
from resnetlab.analysis.health_look import look_at_health
from resnetlab.analysis.health_rule import Rule
from resnetlab.analysis.health_structure import read_structure
from resnetlab.data import LabelledImages, load_data, open_data
from resnetlab.pages.svg import Drawing


@pytest.fixture(scope="module")
def trained() -> faults.Residual:
    """A residual network that knows the digits, after eighty steps."""
    model, data = faults.Residual(), load_data("digits")
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    order = torch.Generator().manual_seed(0)
    for _ in range(80):
        picked = torch.randint(len(data.train_labels), (128,), generator=order)
        optimiser.zero_grad()
        F.cross_entropy(model(data.train_images[picked]), data.train_labels[picked]).backward()
        optimiser.step()
    return model.eval()


def stage_detached() -> nn.Module:
    return faults.Residual({"layer2.0": {"detached": True}})


def skip_never_added() -> nn.Module:
    return faults.Residual({"layer2.1": {"skips": False}})


FAULTS: dict[str, tuple[Callable[[], nn.Module], str, str, str]] = {
    # how it is made, the rule, its severity, a layer that is named; the gradient's layers on its way back
    "He initialisation times 0.1, the signal": (lambda: faults.plain(scale=0.1), "vanishing signal", "error", "2"),
    "He initialisation times 0.1, the gradient": (
        lambda: faults.plain(scale=0.1),
        "vanishing gradient",
        "error",
        "14",
    ),
    "He initialisation times 3, the signal": (lambda: faults.plain(scale=3.0), "exploding signal", "error", "2"),
    "He initialisation times 3, the gradient": (lambda: faults.plain(scale=3.0), "exploding gradient", "error", "12"),
    "sigmoid instead of ReLU": (
        lambda: faults.plain(activation=nn.Sigmoid),
        "squashing activation",
        "warning",
        "1",
    ),
    "sigmoid, the gradient": (lambda: faults.plain(activation=nn.Sigmoid), "vanishing gradient", "error", "14"),
    "a dead channel block": (faults.with_dead_channels, "dead channels", "warning", "layer2.0.relu"),
    "norms that stay in evaluation": (faults.NormsStay, "norm evaluates in training", "error", "layer2.0.bn1"),
    "norms of momentum 0": (lambda: faults.Residual(momentum=0.0), "statistics never move", "error", "bn1"),
    "a skip that is not added": (skip_never_added, "skip never added", "error", "layer2.1"),
    "a stage detached": (stage_detached, "gradient stopped", "error", "layer2.0"),
    "what lies before a detached stage": (stage_detached, "no gradient", "error", "layer1"),
    "a stage without gradient": (lambda: faults.Residual(unused="layer2"), "no gradient", "error", "layer2"),
    "a bias under batch norm": (
        lambda: faults.Residual({"layer1.1": {"bias": True}}),
        "bias under batch norm",
        "info",
        "layer1.1.conv1",
    ),
    "a head that is scaled up": (faults.with_scaled_head, "loss at the start", "warning", "fc"),
    "a frozen stem that moves": (faults.with_frozen_stem, "frozen but moving", "warning", "bn1"),
}


@pytest.mark.parametrize(("make", "rule", "severity", "layer"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_named_with_its_severity_and_layer(
    make: Callable[[], nn.Module], rule: str, severity: str, layer: str, batches: Batches
) -> None:
    named = {one.layer: one.severity for one in diagnosed(make(), batches) if one.rule == rule}
    assert named.get(layer) == severity


def test_the_command_names_planted_faults_as_well(
    trained: faults.Residual, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose_page, "_drawings", lambda found: defaultdict(lambda: Drawing("<svg />", b"")))
    data = open_data("digits", "test")
    shifted = replace(data, labels=[(label + 1) % 10 for label in data.labels])
    cases: list[tuple[nn.Module, LabelledImages, str, str | None]] = [
        (stage_detached(), data, "gradient stopped", "layer2.0"),
        (skip_never_added(), data, "skip never added", "layer2.1"),
        (trained, shifted, "shifted labels", None),
    ]
    for at, (model, images, rule, layer) in enumerate(cases):
        found = resnetlab.diagnose(model, images, images=32, batch_size=16, quiet=True, output=tmp_path / str(at))
        assert (rule, "error", layer) in {(one.rule, one.severity, one.layer) for one in found.findings}
        assert {"lesions", "paths", "shattering"} <= {section.slug for section in found.sections}


@pytest.mark.parametrize("make", [faults.plain, faults.Residual], ids=["plain", "residual"])
def test_the_healthy_twin_of_the_faults_has_none(make: Callable[[], nn.Module], batches: Batches) -> None:
    assert [one for one in diagnosed(make(), batches) if one.severity != "info"] == []


def test_pixels_from_0_to_255_are_named_at_the_first_layer(batches: Batches) -> None:
    raw = [(images * 96 + 78, labels) for images, labels in batches]
    assert places(diagnosed(faults.Residual(), raw), "input out of range") == ["conv1"]


def test_pixels_that_the_network_itself_scales_are_none(batches: Batches) -> None:
    class Scaling(faults.Residual):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward((x - 78) / 96)

    raw = [(images * 96 + 78, labels) for images, labels in batches]
    assert places(diagnosed(Scaling(), raw), "input out of range") == []


def test_a_trained_network_is_healthy(trained: faults.Residual, batches: Batches) -> None:
    assert [one for one in diagnosed(trained, batches, is_trained=True) if one.severity != "info"] == []


@pytest.mark.parametrize("shift", [1, 9])
def test_shifted_labels_are_named_on_a_trained_network(shift: int, trained: faults.Residual, batches: Batches) -> None:
    shifted = [(images, (labels + shift) % 10) for images, labels in batches]
    found = [one for one in diagnosed(trained, shifted, is_trained=True) if one.rule == "shifted labels"]
    assert [one.severity for one in found] == ["error"]
    assert found[0].value is not None
    assert found[0].value > 0.7


def test_other_preprocessing_than_in_training_is_named(trained: faults.Residual, batches: Batches) -> None:
    other = [(images * 4 + 2, labels) for images, labels in batches]
    assert "bn1" in places(diagnosed(trained, other, is_trained=True), "stale statistics")


def test_a_head_that_favours_a_class_is_named(trained: faults.Residual, batches: Batches) -> None:
    model = copy.deepcopy(trained)
    model.fc.bias.data[3] += 20
    assert places(diagnosed(model, batches, is_trained=True), "biased head") == ["fc"]


def test_channels_without_variance_are_named(trained: faults.Residual, batches: Batches) -> None:
    model = copy.deepcopy(trained)
    faults.convolution(model, "layer1.0.conv1").weight.data[:6] = 0
    variances = faults.norm(model, "layer1.0.bn1").running_var
    assert variances is not None
    variances[:6] = 0
    assert places(diagnosed(model, batches, is_trained=True), "collapsed norm") == ["layer1.0.bn1"]


def test_numbers_that_float16_cannot_hold_are_named(batches: Batches) -> None:
    model = faults.Residual()
    model.fc.weight.data *= 1e6
    assert "fc" in places(diagnosed(model, batches), "half-precision overflow")


def test_the_first_layer_with_numbers_that_are_none_is_named(batches: Batches) -> None:
    model = faults.Residual()
    faults.convolution(model, "layer2.0.conv2").weight.data[0, 0, 0, 0] = math.nan
    assert places(diagnosed(model, batches), "not finite") == ["layer2.0.conv2"]


def test_what_only_waits_for_a_zero_scale_is_no_fault(batches: Batches) -> None:
    model = faults.Residual()
    for stage in ("layer1", "layer2", "layer3"):
        nn.init.zeros_(faults.norm(model, f"{stage}.1.bn2").weight)
    found = diagnosed(model, batches)
    assert places(found, "no gradient") == []
    assert places(found, "waits for others") == [None]


@pytest.mark.parametrize("zeroed", [("conv1", "conv2"), ("bn1", "bn2")])
def test_zeros_that_wait_for_each_other_never_learn(zeroed: tuple[str, str], batches: Batches) -> None:
    model = faults.Residual()
    for part in zeroed:
        nn.init.zeros_(model.get_parameter(f"layer2.1.{part}.weight"))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = diagnosed(model, batches)
    assert "layer2.1.conv1" in places(found, "no gradient")
    assert places(found, "waits for others") == []
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for images, labels in (*batches, *batches):
        optimiser.zero_grad()
        F.cross_entropy(model.train()(images), labels).backward()
        optimiser.step()
    assert not torch.equal(model.get_parameter("conv1.weight"), before["conv1.weight"])
    assert torch.equal(model.get_parameter("layer2.1.conv1.weight"), before["layer2.1.conv1.weight"])


def test_a_module_that_is_called_twice_is_one_place_and_the_rest_is_counted_without_a_number(batches: Batches) -> None:
    rule = Rule("rule", "warning", 0.0, "test", lambda look, structure: ((f"{at % 10}", 1.0) for at in range(20)), "-")
    model = faults.Residual()
    found = judge(look_at_health(model, batches), read_structure(model, (1, 8, 8)), (rule,))
    assert [finding.layer for finding in found] == [*map(str, range(8)), None]
    assert (found[-1].value, found[-1].threshold) == (None, None)
    assert found[-1].advice == "and in 2 more places"


def test_what_is_frozen_is_told(batches: Batches) -> None:
    model = faults.Residual()
    model.layer2.requires_grad_(False)
    assert places(diagnosed(model, batches), "frozen") == ["layer2"]


def test_where_the_computation_cannot_be_recorded_hooks_go_on(batches: Batches) -> None:
    class TwoInputs(faults.Residual):
        def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
            if x.shape[0] == 1:
                raise RuntimeError("only batches")
            return super().forward(x)

    model = TwoInputs({"layer2.0": {"detached": True}})
    structure = read_structure(model, (1, 8, 8))
    assert "only batches" in structure.not_read
    assert places(judge(look_at_health(model, batches), structure), "no gradient")[:1] == ["conv1"]
