"""The network inside what PyTorch puts round it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from resnetlab.core.wrappers import unwrapped

WRAPPED: dict[str, Callable[[nn.Module], nn.Module]] = {
    "nothing": lambda model: model,
    "compiled": lambda model: torch.compile(model),
    "data-parallel": nn.DataParallel,
    "compiled and data-parallel": lambda model: torch.compile(nn.DataParallel(model)),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_the_network_itself_comes_out(wrap: Callable[[nn.Module], nn.Module]) -> None:
    model = nn.Linear(2, 3)
    assert unwrapped(wrap(model)) is model


def test_of_an_average_its_own_weights_come_out() -> None:
    average = AveragedModel(nn.Linear(2, 3))
    assert unwrapped(average) is average.module


def test_a_module_of_the_users_own_is_no_wrapper_whatever_its_parts_are_called() -> None:
    class Halved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = nn.Linear(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.module(x) / 2

    model = Halved()
    assert unwrapped(model) is model
