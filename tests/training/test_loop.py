"""The loop trains as the papers' rule says, the same way every time, and stops where the loss is lost."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from resnetlab.data import ImageData, load_data
from resnetlab.training import TrainingPlan, evaluate, train

PLAN = TrainingPlan(epochs=2, batch_size=100, lr=0.05)


def linear(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_a_constant_rate_gives_the_textbook_updates() -> None:
    data, model = load_data("digits"), linear()
    plan = dataclasses.replace(PLAN, epochs=1, schedule="constant", batch_size=700)
    weight, bias = (parameter.detach().clone().double() for parameter in model.parameters())
    images, labels = data.train_images.flatten(1).double(), data.train_labels
    order = torch.randperm(1400, generator=torch.Generator().manual_seed(3))
    velocity = [torch.zeros_like(weight), torch.zeros_like(bias)]
    for batch in order.split(700):
        softmax = torch.softmax(images[batch] @ weight.T + bias, dim=1)
        error = (softmax - F.one_hot(labels[batch], 10)) / 700
        gradients = [error.T @ images[batch] + 1e-4 * weight, error.sum(0) + 1e-4 * bias]
        velocity = [0.9 * v + g for v, g in zip(velocity, gradients, strict=True)]
        weight, bias = weight - 0.05 * velocity[0], bias - 0.05 * velocity[1]
    train(model, data, plan, seed=3)
    for ours, theirs in zip(model.parameters(), (weight, bias), strict=True):
        assert torch.allclose(ours.double(), theirs, atol=1e-5)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    data = load_data("digits")
    losses = [train(linear(), data, PLAN, seed).step_losses for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def test_one_cycle_ends_at_nearly_nothing_and_keeps_the_momentum() -> None:
    seen: list[tuple[float, float]] = []

    class Watching(torch.optim.SGD):
        def step(self, closure: None = None) -> None:
            seen.append((self.param_groups[0]["lr"], self.param_groups[0]["momentum"]))
            super().step(closure)

    original = torch.optim.SGD
    torch.optim.SGD = Watching
    try:
        train(linear(), load_data("digits"), PLAN, seed=0)
    finally:
        torch.optim.SGD = original
    rates, momenta = zip(*seen, strict=True)
    assert len(rates) == 2 * (1400 // 100)
    assert max(rates) == pytest.approx(0.05, rel=0.05)
    assert rates[-1] < 1e-4
    assert set(momenta) == {0.9}


def test_epochs_report_the_mean_of_their_steps() -> None:
    history = train(linear(), load_data("digits"), PLAN, seed=0)
    assert history.epoch_losses == pytest.approx(
        [sum(history.step_losses[:14]) / 14, sum(history.step_losses[14:]) / 14]
    )


def test_a_loss_that_is_not_finite_stops_before_the_step() -> None:
    data = load_data("digits")
    spoiled = dataclasses.replace(data, train_images=data.train_images * math.nan)
    model = linear()
    before = [parameter.clone() for parameter in model.parameters()]
    history = train(model, spoiled, PLAN, seed=0)
    assert history.diverged
    assert len(history.step_losses) == 1
    assert all(torch.equal(now, then) for now, then in zip(model.parameters(), before, strict=True))


def test_evaluation_is_that_of_the_whole_set_and_leaves_the_mode() -> None:
    data: ImageData = load_data("digits")
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 10)).train()
    loss, error = evaluate(model, data.test_images, data.test_labels, batch_size=100)
    assert model.training
    logits = model.eval()(data.test_images)
    assert loss == pytest.approx(F.cross_entropy(logits, data.test_labels).item(), rel=1e-5)
    assert error == pytest.approx((logits.argmax(1) != data.test_labels).float().mean().item())
