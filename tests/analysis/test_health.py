"""Every planted fault is named, with its layer; and every number behind the rules agrees with one from elsewhere."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import planted_faults as faults
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.effective_rank import effective_rank, feature_rows
from resnetlab.analysis.gradient_noise import noise_scale
from resnetlab.analysis.health import HealthFinding, Severity, worst_first
from resnetlab.analysis.health_judgement import judge
from resnetlab.analysis.health_look import HealthLook, look_at_health
from resnetlab.analysis.health_rules import RULES
from resnetlab.analysis.health_structure import Structure, read_structure
from resnetlab.data import load_data

Batches = list[tuple[Tensor, Tensor]]


@pytest.fixture(scope="module")
def batches() -> Batches:
    data = load_data("digits")
    return [(data.train_images[at : at + 32], data.train_labels[at : at + 32]) for at in range(0, 96, 32)]


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


def diagnosed(model: nn.Module, batches: Batches, is_trained: bool = False) -> tuple[HealthFinding, ...]:
    image = batches[0][0].shape[1:]
    return judge(look_at_health(model, batches, is_trained), read_structure(model, tuple(image)))


def places(found: tuple[HealthFinding, ...], rule: str) -> list[str | None]:
    return [one.layer for one in found if one.rule == rule]


FAULTS: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    "He initialisation times 0.1, the signal": (lambda: faults.plain(scale=0.1), "vanishing signal", "2"),
    "He initialisation times 0.1, the gradient": (lambda: faults.plain(scale=0.1), "vanishing gradient", ""),
    "He initialisation times 3, the signal": (lambda: faults.plain(scale=3.0), "exploding signal", "2"),
    "He initialisation times 3, the gradient": (lambda: faults.plain(scale=3.0), "exploding gradient", ""),
    "sigmoid instead of ReLU": (lambda: faults.plain(activation=nn.Sigmoid), "squashing activation", "1"),
    "sigmoid, the gradient": (lambda: faults.plain(activation=nn.Sigmoid), "vanishing gradient", ""),
    "a dead channel block": (faults.with_dead_channels, "dead channels", "layer2.0.relu"),
    "norms that stay in evaluation": (faults.NormsStay, "norm evaluates in training", "layer2.0.bn1"),
    "norms of momentum 0": (lambda: faults.Residual(momentum=0.0), "statistics never move", "bn1"),
    "a skip that is not added": (
        lambda: faults.Residual({"layer2.1": {"skips": False}}),
        "skip never added",
        "layer2.1",
    ),
    "a stage detached": (lambda: faults.Residual({"layer2.0": {"detached": True}}), "gradient stopped", "layer2.0"),
    "what lies before a detached stage": (
        lambda: faults.Residual({"layer2.0": {"detached": True}}),
        "no gradient",
        "layer1",
    ),
    "a stage without gradient": (lambda: faults.Residual(unused="layer2"), "no gradient", "layer2"),
    "a bias under batch norm": (
        lambda: faults.Residual({"layer1.1": {"bias": True}}),
        "bias under batch norm",
        "layer1.1.conv1",
    ),
    "a head that is scaled up": (faults.with_scaled_head, "loss at the start", "fc"),
    "a frozen stem that moves": (faults.with_frozen_stem, "frozen but moving", "bn1"),
}


@pytest.mark.parametrize(("make", "rule", "layer"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_named_with_its_layer(
    make: Callable[[], nn.Module], rule: str, layer: str, batches: Batches
) -> None:
    named = places(diagnosed(make(), batches), rule)
    assert named
    assert not layer or layer in named


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
    assert found[0].value > 0.8


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


def test_gates_are_no_squashing_activations(batches: Batches) -> None:
    class Gated(faults.Residual):
        def __init__(self) -> None:
            super().__init__()
            self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(12, 12, 1), nn.Sigmoid())

        def forward(self, x: Tensor) -> Tensor:
            x = self.relu(self.bn1(self.conv1(x)))
            return self.fc((x * self.squeeze(x)).mean((2, 3)))

    assert places(diagnosed(Gated(), batches), "squashing activation") == []


class Functional(nn.Module):
    """Convolutions with an activation that no module shows."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 12, 3), nn.Conv2d(12, 12, 3)
        self.fc = nn.Linear(12, 10)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.activation(self.second(self.activation(self.first(x)))).mean((2, 3)))


def test_a_sigmoid_that_is_a_function_is_named(batches: Batches) -> None:
    assert len(places(diagnosed(Functional(torch.sigmoid), batches), "squashing activation")) == 1
    assert places(diagnosed(Functional(torch.relu), batches), "squashing activation") == []


def test_channels_that_a_function_kills_are_named_where_they_are_taken(batches: Batches) -> None:
    model = Functional(torch.relu)
    assert model.first.bias is not None
    model.first.bias.data[:8] = -50
    assert places(diagnosed(model, batches), "dead channels") == ["second"]


def test_what_is_frozen_is_told(batches: Batches) -> None:
    model = faults.Residual()
    model.layer2.requires_grad_(False)
    assert places(diagnosed(model, batches), "frozen") == ["layer2"]


def test_a_look_leaves_everything_as_it_was(
    batches: Batches, fingerprint: Callable[[nn.Module], dict[str, Any]]
) -> None:
    for model in (faults.Residual(), faults.with_frozen_stem(), faults.Residual(unused="layer1")):
        before, random = fingerprint(model), torch.random.get_rng_state()
        look_at_health(model, batches)
        assert fingerprint(model) == before
        assert torch.equal(torch.random.get_rng_state(), random)


def test_the_numbers_of_a_layer_are_those_of_a_plain_pass(batches: Batches) -> None:
    model = faults.Residual()
    given: list[Tensor] = []
    handle = model.conv1.register_forward_hook(lambda module, inputs, output: given.append(output))
    twin = copy.deepcopy(model)
    look = look_at_health(model, batches)
    layer = look.layers[0]
    handle.remove()
    everything = torch.cat(given[: len(batches)]).detach()
    assert layer.name == "conv1"
    assert layer.mean == pytest.approx(everything.mean().item(), abs=1e-6)
    assert layer.std == pytest.approx(everything.std(correction=0).item(), rel=1e-5)
    norms = []
    for images, labels in batches:
        twin.zero_grad()
        F.cross_entropy(twin.train()(images), labels).backward()
        assert twin.fc.weight.grad is not None
        norms.append(twin.fc.weight.grad.norm().item())
    found = {one.name: one.gradient for one in look.parameters}["fc.weight"]
    assert found == pytest.approx(np.sqrt(np.mean(np.square(norms))), rel=1e-5)


def test_effective_rank_is_that_of_known_spectra() -> None:
    directions, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 4)))
    centred = directions - directions.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    shares = values / values.sum()
    expected = math.exp(-(shares * np.log(shares)).sum())
    assert effective_rank(torch.from_numpy(directions)) == pytest.approx(expected)
    line = torch.linspace(0, 1, 32)[:, None] * torch.tensor([[1.0, 2.0, -3.0]])
    assert effective_rank(line) == pytest.approx(1.0, abs=1e-3)
    assert effective_rank(torch.ones(8, 3)) == 0.0


def test_rows_of_features_are_channels_at_single_places() -> None:
    output = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).float()
    rows = feature_rows(output, channels_last=False)
    assert torch.equal(rows, output.permute(0, 2, 3, 1).reshape(-1, 3))


def test_noise_scale_is_that_of_gradients_drawn_with_known_noise() -> None:
    generator = np.random.default_rng(0)
    true, deviation, small, large, draws = np.full(20, 0.5), 2.0, 8, 64, 4000
    squares = [
        (true + generator.normal(scale=deviation / math.sqrt(size), size=(draws, 20))).__pow__(2).sum(axis=1).mean()
        for size in (small, large)
    ]
    expected = 20 * deviation**2 / (true**2).sum()
    assert noise_scale(float(squares[0]), float(squares[1]), small, large) == pytest.approx(expected, rel=0.05)
    assert noise_scale(1.0, 0.01, 8, 64) is None  # less than noise alone would leave


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


def test_every_rule_says_where_its_limit_comes_from_and_what_to_do() -> None:
    for rule in RULES:
        assert rule.source
        assert len(rule.advice) > 40
        assert not rule.advice.endswith(".")


def test_errors_come_before_warnings_before_the_rest() -> None:
    severities: tuple[Severity, ...] = ("info", "error", "warning")
    found = [HealthFinding("rule", one, None, None, None, "") for one in severities]
    assert [one.severity for one in worst_first(found)] == ["error", "warning", "info"]


def test_a_rule_fires_only_beyond_its_limit(batches: Batches) -> None:
    look: HealthLook = look_at_health(faults.Residual(), batches)
    for rule in RULES:
        beyond = [value for _, value in rule.measure(look, Structure()) if rule.fires(value)]
        assert rule.severity == "info" or beyond == []
        assert not rule.fires(rule.limit)
        assert not rule.fires(math.nan)
