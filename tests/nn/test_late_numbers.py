"""A network made without numbers gets the very bits of one made with them, and never holds two of its tensors."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from small_networks import SMALL, small_network
from torch import nn

from held_memory import HeldMemory
from resnetlab import create_model
from resnetlab.nn.late_numbers import make_without_numbers

DRAWN_OTHERWISE = {
    f"{scheme}, times {gain}": {"width": 4, "depths": "1/1/1", "init": scheme, "init_gain": gain}
    for scheme in ("he", "xavier", "pytorch")
    for gain in (1.0, 0.5)
}


def assert_same_bits(make: partial[nn.Module]) -> None:
    torch.manual_seed(3)
    wanted = make()
    torch.manual_seed(3)
    model, drawn = make_without_numbers(make)
    torch.manual_seed(4)  # where the generator stands when they are drawn is all the same
    assert model.state_dict().keys() == wanted.state_dict().keys()
    for name, expected in reversed(list(wanted.named_parameters())):
        parameter = model.get_parameter(name)
        assert torch.equal(drawn(name) if parameter.is_meta else parameter, expected), name
    for name, expected in wanted.named_buffers():
        assert torch.equal(model.get_buffer(name), expected), name


@pytest.mark.parametrize("name", SMALL)
def test_every_family_gets_the_bits_of_one_made_with_numbers(name: str) -> None:
    assert_same_bits(partial(small_network, name))


@pytest.mark.parametrize("fields", DRAWN_OTHERWISE.values(), ids=DRAWN_OTHERWISE)
def test_every_way_of_drawing_gives_the_bits_of_one_made_with_numbers(fields: dict[str, object]) -> None:
    assert_same_bits(partial(create_model, "resnet20", **fields))


def test_all_that_has_more_than_one_dimension_is_made_without_numbers() -> None:
    model, _ = make_without_numbers(partial(create_model, "resnet50", num_classes=10))
    assert all(parameter.is_meta for parameter in model.parameters() if parameter.ndim > 1)


def test_never_more_than_one_tensor_is_held() -> None:
    with HeldMemory() as held:
        model, drawn = make_without_numbers(partial(create_model, "resnet20", width=16))
        for name, _ in model.named_parameters():
            drawn(name)
    largest = max(parameter.nbytes for parameter in model.parameters())
    buffers = sum(buffer.nbytes for buffer in model.buffers())
    states = torch.get_rng_state().nbytes * (3 + sum(parameter.ndim > 1 for parameter in model.parameters()))
    assert held.most <= largest + buffers + states
    assert held.most < 0.7 * sum(parameter.nbytes for parameter in model.parameters())


def test_the_generator_stays_where_it_was() -> None:
    torch.manual_seed(5)
    undisturbed = torch.rand(3)
    torch.manual_seed(5)
    _, drawn = make_without_numbers(partial(create_model, "resnet20", width=4))
    drawn("conv1.weight")
    assert torch.equal(torch.rand(3), undisturbed)


class Centred(nn.Linear):
    """Its weights have a mean of zero, which nothing tells before they are drawn."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        with torch.no_grad():
            self.weight.sub_(self.weight.mean())


class InPart(nn.Linear):
    """The weights of its first output are zero."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        with torch.no_grad():
            self.weight[0].zero_()


@pytest.mark.parametrize("layer", [Centred, InPart])
def test_what_needs_numbers_that_are_not_drawn_yet_is_refused(layer: type[nn.Linear]) -> None:
    with pytest.raises(NotImplementedError, match="needs numbers that are not drawn yet"):
        make_without_numbers(partial(layer, 3, 2))
