"""The network by hand against the module network, and batch norm by hand against finite differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.core.errors import InputSizeError, SpecError
from resnetlab.nn import build
from resnetlab.nn import functional as by_hand
from resnetlab.specs import NetworkSpec, find_spec

RELATIVE = 1e-9
MOMENTUM, DECAY = 0.9, 1e-4

# Every step multiplies what rounding has put between two ResNet-50s; at rate 0.1 it passes RELATIVE in the third.
NETWORKS = {
    "resnet20": ({}, (8, 3, 32, 32), 0.1),
    "resnet50": ({"num_classes": 10}, (8, 3, 33, 33), 0.01),
}
SMALL_NETWORKS = {
    "resnet20[A]": ("resnet20", {"width": 4, "depths": (1, 2, 1)}),
    "resnet20[B]": ("resnet20", {"width": 4, "depths": (1, 2, 1), "shortcut": "B"}),
    "resnet20[C]": ("resnet20", {"width": 4, "depths": (1, 2, 1), "shortcut": "C"}),
    "resnet20[first_stride=2]": ("resnet20", {"width": 4, "depths": (1, 1, 1), "first_stride": 2}),
    "resnet18": ("resnet18", {"width": 4, "num_classes": 7, "in_channels": 1}),
    "resnet50[stride_in=1x1]": ("resnet50", {"width": 4, "depths": (1, 1, 1, 1), "stride_in": "1x1"}),
    "resnext50": ("resnext50_32x4d", {"width": 16, "depths": (1, 1, 1, 1), "groups": 4, "base_width": 16}),
    "wide_resnet50_2": ("wide_resnet50_2", {"width": 4, "depths": (1, 1, 1, 1)}),
}
NOT_BY_HAND = ("plain20", "preact_resnet18", "resnet50d", "seresnet50", "regnet_x_400mf")


@dataclass(frozen=True)
class Case:
    """A network twice, as modules and as a dict, in float64, with the images it learns from."""

    spec: NetworkSpec
    model: nn.Module
    params: by_hand.Parameters
    images: Tensor
    labels: Tensor


def case(name: str, shape: tuple[int, ...], **fields: Any) -> Case:
    spec = find_spec(name).with_fields(**fields)
    assert isinstance(spec, NetworkSpec)
    model = build(spec).double()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):  # at γ = 1 and β = 0 a mistake in either would not show
            nn.init.uniform_(layer.weight, 0.8, 1.2)
            nn.init.uniform_(layer.bias, -0.2, 0.2)
    labels = torch.randint(spec.num_classes, shape[:1])
    return Case(spec, model, by_hand.parameters_of(model), torch.randn(shape, dtype=torch.float64), labels)


def module_gradients(given: Case) -> tuple[Tensor, dict[str, Tensor]]:
    given.model.zero_grad()
    loss = F.cross_entropy(given.model(given.images), given.labels)
    loss.backward()
    found = {name: tensor.grad for name, tensor in given.model.named_parameters()}
    return loss.detach(), {name: gradient for name, gradient in found.items() if gradient is not None}


def assert_same(found: Mapping[Any, Tensor], expected: Mapping[Any, Tensor]) -> None:
    """Same keys, and each tensor the same to 1e-9 of its own size."""
    assert found.keys() == expected.keys()
    errors = {key: (found[key] - expected[key]).norm() / expected[key].norm().clamp(min=1e-30) for key in expected}
    worst = max(errors, key=lambda key: errors[key])
    assert errors[worst] < RELATIVE, worst


def kept(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in state.items() if tensor.is_floating_point()}


@dataclass
class Trajectory:
    """What one way of computing gave: losses, gradients and logits of three steps, and what they left behind."""

    losses: list[Tensor] = field(default_factory=list)
    gradients: list[dict[str, Tensor]] = field(default_factory=list)
    state: dict[str, Tensor] = field(default_factory=dict)
    logits: dict[str, Tensor] = field(default_factory=dict)


def steps_by_hand(given: Case, rate: float) -> Trajectory:
    found, velocity = Trajectory(), by_hand.Parameters()
    for _ in range(3):
        loss, gradients = by_hand.loss_and_gradients(given.spec, given.params, given.images, given.labels)
        by_hand.sgd_step(given.params, gradients, velocity, rate, MOMENTUM, DECAY)
        found.losses.append(loss)
        found.gradients.append(gradients)
    found.state = kept(given.params)
    with torch.no_grad():
        for mode, training in (("evaluation", False), ("training", True)):
            found.logits[mode] = by_hand.forward(given.spec, given.params, given.images, training)
    return found


def steps_of_modules(given: Case, rate: float) -> Trajectory:
    found = Trajectory()
    optimiser = torch.optim.SGD(given.model.parameters(), lr=rate, momentum=MOMENTUM, weight_decay=DECAY)
    for _ in range(3):
        loss, gradients = module_gradients(given)
        optimiser.step()
        found.losses.append(loss)
        found.gradients.append(gradients)
    found.state = kept(given.model.state_dict())
    with torch.no_grad():
        for mode, training in (("evaluation", False), ("training", True)):
            found.logits[mode] = given.model.train(training)(given.images)
    return found


@pytest.fixture(scope="module", params=NETWORKS)
def both_ways(request: pytest.FixtureRequest) -> tuple[Trajectory, Trajectory]:
    torch.manual_seed(0)
    fields, shape, rate = NETWORKS[request.param]
    given = case(request.param, shape, **fields)
    return steps_by_hand(given, rate), steps_of_modules(given, rate)


Ways = tuple[Trajectory, Trajectory]


def test_losses_and_every_gradient_are_the_module_networks(both_ways: Ways) -> None:
    mine, modules = both_ways
    assert_same(dict(enumerate(mine.losses)), dict(enumerate(modules.losses)))
    for found, expected in zip(mine.gradients, modules.gradients, strict=True):
        assert_same(found, expected)


def test_three_steps_leave_the_module_networks_parameters_and_running_averages(both_ways: Ways) -> None:
    mine, modules = both_ways
    assert_same(mine.state, modules.state)


def test_training_and_evaluation_give_the_module_networks_logits(both_ways: Ways) -> None:
    mine, modules = both_ways
    assert_same(mine.logits, modules.logits)
    assert not torch.allclose(mine.logits["training"], mine.logits["evaluation"])


@pytest.mark.parametrize(("name", "fields"), SMALL_NETWORKS.values(), ids=SMALL_NETWORKS)
def test_other_depths_shortcuts_strides_and_groups_give_the_same(name: str, fields: dict[str, Any]) -> None:
    small = case(name, (3, fields.get("in_channels", 3), 33, 35), **fields)
    _, gradients = by_hand.loss_and_gradients(small.spec, small.params, small.images, small.labels)
    assert_same(gradients, module_gradients(small)[1])
    assert_same(kept(small.params), kept(small.model.state_dict()))


@pytest.mark.parametrize("name", ["resnet20", "resnet50", "resnext50_32x4d"])
def test_parameters_drawn_by_hand_load_strictly_into_the_module_network(name: str) -> None:
    spec = find_spec(name).with_fields(width=8, zero_init_last=True) if name == "resnet20" else find_spec(name)
    assert isinstance(spec, NetworkSpec)
    params, model = by_hand.init_parameters(spec), build(spec)
    model.load_state_dict(params, strict=True)
    learned = {name for name, tensor in params.items() if tensor.requires_grad}
    assert learned == {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_convolutions_drawn_by_hand_have_hes_variance(gain: float) -> None:
    spec = find_spec("resnet50").with_fields(init_gain=gain)
    assert isinstance(spec, NetworkSpec)
    for name, tensor in by_hand.init_parameters(spec).items():
        if tensor.dim() == 4:
            expected = gain * (2 / (tensor.shape[0] * tensor.shape[2] * tensor.shape[3])) ** 0.5
            assert tensor.std().item() == pytest.approx(expected, rel=5 / (2 * tensor.numel()) ** 0.5), name


def test_one_seed_draws_the_same_parameters_and_another_does_not() -> None:
    spec = find_spec("resnet20")
    assert isinstance(spec, NetworkSpec)
    first, again, other = (by_hand.init_parameters(spec, seed)["conv1.weight"] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", NOT_BY_HAND)
def test_what_is_not_written_by_hand_is_refused(name: str) -> None:
    spec = find_spec(name)
    assert isinstance(spec, NetworkSpec)
    with pytest.raises(SpecError, match=f"of {name} is not written by hand"):
        by_hand.init_parameters(spec)


# ── Batch norm by hand ───────────────────────────────────────────────────────────────────────────────────────────────
def fresh_norm(gamma: Tensor, beta: Tensor) -> by_hand.Parameters:
    mean, variance = torch.zeros_like(gamma), torch.ones_like(gamma)
    return {"bn.weight": gamma, "bn.bias": beta, "bn.running_mean": mean, "bn.running_var": variance}


def batch_norm_inputs() -> dict[str, Tensor]:
    """x far from mean 0 and variance 1, γ, β, and the gradient of some loss for the output."""
    x = 3 * torch.randn(4, 3, 2, 5, dtype=torch.float64) + 7
    gamma, beta = torch.randn(2, 3, dtype=torch.float64)
    return {"x": x, "gamma": gamma, "beta": beta, "gradient": torch.randn_like(x)}


def loss_after_batch_norm(given: dict[str, Tensor]) -> Tensor:
    params = fresh_norm(given["gamma"], given["beta"])
    return (by_hand.batch_norm(given["x"], params, "bn", training=True) * given["gradient"]).sum()


def finite_differences(given: dict[str, Tensor], name: str, step: float = 1e-5) -> Tensor:
    """The loss's slope along every number of one input, by central differences."""
    flat, slopes = given[name].flatten(), torch.zeros(given[name].numel(), dtype=torch.float64)
    for index in range(flat.numel()):
        sides = []
        for move in (step, -step):
            moved = flat.clone()
            moved[index] += move
            sides.append(loss_after_batch_norm({**given, name: moved.view_as(given[name])}))
        slopes[index] = (sides[0] - sides[1]) / (2 * step)
    return slopes.view_as(given[name])


@pytest.mark.parametrize(("place", "name"), [(0, "x"), (1, "gamma"), (2, "beta")])
def test_the_closed_form_of_batch_norms_gradient_agrees_with_finite_differences(place: int, name: str) -> None:
    given = batch_norm_inputs()
    found = by_hand.batch_norm_backward(given["gradient"], given["x"], given["gamma"])[place]
    torch.testing.assert_close(found, finite_differences(given, name), rtol=1e-6, atol=1e-8)


def test_the_closed_form_of_batch_norms_gradient_is_autograds() -> None:
    given = batch_norm_inputs()
    inputs = [given[name].requires_grad_() for name in ("x", "gamma", "beta")]
    expected = torch.autograd.grad(loss_after_batch_norm(given), inputs)
    found = by_hand.batch_norm_backward(given["gradient"], given["x"], given["gamma"])
    for mine, autograds in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, autograds, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_by_hand_passes_gradcheck(training: bool) -> None:
    given = batch_norm_inputs()

    def normalised(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        return by_hand.batch_norm(x, fresh_norm(gamma, beta), "bn", training)

    assert torch.autograd.gradcheck(normalised, tuple(given[name].requires_grad_() for name in ("x", "gamma", "beta")))


def test_batch_norm_refuses_a_single_value_per_channel_in_training() -> None:
    params = fresh_norm(torch.ones(3), torch.zeros(3))
    with pytest.raises(InputSizeError, match="one value per channel"):
        by_hand.batch_norm(torch.zeros(1, 3, 1, 1), params, "bn", training=True)
    assert torch.equal(params["bn.running_var"], torch.ones(3))
