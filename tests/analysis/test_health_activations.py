"""Activations that squash, saturate or die are named, be they modules or functions; gates are none of them."""

from __future__ import annotations

from collections.abc import Callable

import planted_faults as faults
import pytest
import torch
from health_cases import Batches, diagnosed, places
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis.health_look import look_at_health


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

    def __init__(self, activation: Callable[[Tensor], Tensor], scale: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(1, 12, 3), nn.Conv2d(12, 12, 3)
        self.fc = nn.Linear(12, 10)
        self.activation = activation
        self.first.weight.data *= scale

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.activation(self.second(self.activation(self.first(x)))).mean((2, 3)))


SQUASHED: dict[str, tuple[Callable[[Tensor], Tensor], nn.Module]] = {
    "torch.sigmoid": (torch.sigmoid, nn.Sigmoid()),
    "F.sigmoid": (F.sigmoid, nn.Sigmoid()),
    "a method": (lambda x: x.sigmoid(), nn.Sigmoid()),
    "in place": (lambda x: x.sigmoid_(), nn.Sigmoid()),
    "torch.tanh": (torch.tanh, nn.Tanh()),
    "F.tanh": (F.tanh, nn.Tanh()),
    "F.softsign": (F.softsign, nn.Softsign()),
    "F.hardsigmoid": (F.hardsigmoid, nn.Hardsigmoid()),
}


@pytest.mark.parametrize(("function", "module"), SQUASHED.values(), ids=SQUASHED)
def test_what_squashes_is_measured_alike_as_a_function_and_as_a_module(
    function: Callable[[Tensor], Tensor], module: nn.Module, batches: Batches
) -> None:
    called = look_at_health(Functional(function), batches).squashing
    shown = [one for one in look_at_health(Functional(module), batches).layers if one.saturated is not None]
    assert [one.layer for one in called] == ["first", "second"]
    assert [one.saturated for one in called] == pytest.approx([one.saturated for one in shown])
    assert [one.gradient_gain for one in called] == pytest.approx([one.gradient_gain for one in shown], rel=1e-5)
    assert look_at_health(Functional(module), batches).squashing == ()


@pytest.mark.parametrize("function", [torch.sigmoid, F.sigmoid, lambda x: x.sigmoid_()])
def test_a_sigmoid_that_is_a_function_is_named(function: Callable[[Tensor], Tensor], batches: Batches) -> None:
    assert places(diagnosed(Functional(function), batches), "squashing activation") == ["first", "second"]
    assert places(diagnosed(Functional(torch.relu), batches), "squashing activation") == []


@pytest.mark.parametrize("function", [torch.tanh, F.tanh, F.softsign])
def test_a_saturated_function_is_named_by_the_layer_whose_output_it_takes(
    function: Callable[[Tensor], Tensor], batches: Batches
) -> None:
    assert places(diagnosed(Functional(function, scale=300.0), batches), "saturated activation") == ["first"]
    assert places(diagnosed(Functional(function), batches), "saturated activation") == []


GATES: dict[str, Callable[[Tensor], Tensor]] = {
    "swish": lambda x: x * torch.sigmoid(x),
    "mish": lambda x: x * torch.tanh(F.softplus(x)),
    "GELU by tanh": lambda x: 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.045 * x**3))),
    "highway": lambda x: torch.sigmoid(x) * x.relu() + (1 - torch.sigmoid(x)) * x,
    "lerp": lambda x: torch.lerp(x, x.relu(), torch.sigmoid(x)),
}


@pytest.mark.parametrize("function", GATES.values(), ids=GATES)
def test_gates_that_are_functions_are_no_squashing_activations(
    function: Callable[[Tensor], Tensor], batches: Batches
) -> None:
    found = diagnosed(Functional(function, scale=300.0), batches)
    assert places(found, "squashing activation") == places(found, "saturated activation") == []


def test_a_gate_beside_a_squashing_function_in_one_module_is_told_apart(batches: Batches) -> None:
    found = diagnosed(Functional(lambda x: torch.sigmoid(x * torch.sigmoid(x))), batches)
    assert len(places(found, "squashing activation")) == 1  # neither call takes what a layer gave as it is


def test_channels_that_a_function_kills_are_named_where_they_are_taken(batches: Batches) -> None:
    model = Functional(torch.relu)
    assert model.first.bias is not None
    model.first.bias.data[:8] = -50
    assert places(diagnosed(model, batches), "dead channels") == ["second"]
