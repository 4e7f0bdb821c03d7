"""In float16 a step that only the scaled loss spoils is left out, and one that nothing helps ends training."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn, optim
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from resnetlab.core.errors import DivergedError
from resnetlab.data.preparation import Batch
from resnetlab.training.config import Optimiser
from resnetlab.training.loop import StepRule, take_step
from resnetlab.training.optimisers import build_optimiser
from resnetlab.training.precision import Choice
from resnetlab.training.state import TrainingState

RULE = StepRule(F.cross_entropy, Choice("fp16", "cpu", "as asked"))
FIRST_SCALE = 2.0**16  # PyTorch's


def begin(hook: Callable[[Tensor], Tensor] = lambda gradient: gradient) -> TrainingState:
    torch.manual_seed(0)
    model = nn.Linear(6, 3)
    model.weight.register_hook(hook)
    optimiser = optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=FIRST_SCALE)
    return TrainingState(model, optimiser, LambdaLR(optimiser, lambda step: 1.0), runs=model, scaler=scaler)


def batch() -> Batch:
    random = torch.Generator().manual_seed(1)
    return Batch(torch.randn(8, 6, generator=random), torch.randint(3, (8,), generator=random))


def test_a_loss_scaled_too_much_is_scaled_less_until_the_step_is_that_of_float32() -> None:
    state = begin(lambda gradient: gradient.clamp(max=torch.inf) / (state.scaler.get_scale() < 1000))
    expected = nn.Linear(6, 3)
    expected.load_state_dict(state.model.state_dict())
    before = state.model.weight.detach().clone()
    while state.scaler.get_scale() > 1000:
        take_step(state, batch(), RULE)
        assert torch.equal(state.model.weight, before)
    assert state.step == 7
    take_step(state, batch(), RULE)
    F.cross_entropy(expected(batch().images), batch().labels).backward()
    assert expected.weight.grad is not None
    torch.testing.assert_close(before - state.model.weight, 0.1 * expected.weight.grad, rtol=0, atol=2e-4)


def test_a_step_that_is_left_out_leaves_the_momentum_of_a_fused_optimiser_as_it_was() -> None:
    spoils = [torch.inf, 1.0, 1.0]
    state = begin(lambda gradient: gradient * spoils[state.step])
    state.optimiser = build_optimiser(state.model, Optimiser(lr=0.1, momentum=0.9, weight_decay=0))
    twin = begin(lambda gradient: gradient)
    twin.optimiser = optim.SGD(twin.model.parameters(), 0.1, 0.9)
    twin.scaler = torch.amp.GradScaler("cpu", init_scale=FIRST_SCALE / 2)
    take_step(state, batch(), RULE)
    assert not state.optimiser.state
    for _ in range(2):
        take_step(state, batch(), RULE)
        take_step(twin, batch(), RULE)
    torch.testing.assert_close(state.model.state_dict(), twin.model.state_dict())


@pytest.mark.parametrize("lost", [torch.inf, torch.nan])
def test_a_gradient_that_no_scale_helps_ends_training_and_is_named(lost: float) -> None:
    state = begin(lambda gradient: gradient * lost)
    before = state.model.weight.detach().clone()
    for _ in range(16):  # times half of 65,536 is 1
        take_step(state, batch(), RULE)
    with pytest.raises(DivergedError) as diverged:
        take_step(state, batch(), RULE)
    assert diverged.value.step == 17
    assert diverged.value.tensor == "gradient of weight, in float16 with the loss scaled by 1,"
    assert "--precision fp32" in str(diverged.value)
    assert torch.equal(state.model.weight, before)


def test_a_loss_that_is_no_number_ends_training_at_once() -> None:
    state = begin()
    with torch.no_grad():
        state.model.weight.fill_(3e4)  # whose products with the images float16 has no numbers for
    with pytest.raises(DivergedError, match=r"at step 1 the loss \(nan\), in float16"):
        take_step(state, batch(), RULE)
