"""How weights are drawn: as the papers say, and alike in networks that share names and shapes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from resnetlab import create_model
from resnetlab.core.errors import SpecError
from resnetlab.nn.init import draw_by_name, initialise

TWINS = {
    "norm or none": ({}, {"norm": "none"}),
    "skips or none": ({"shortcut": "A"}, {"shortcut": "none"}),
    "shallow or deep": ({"depths": (1, 1, 1)}, {"depths": (3, 3, 3)}),
}


def drawn(scheme: str, seed: int, **fields: object) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    model = create_model("resnet20", width=4, **fields)
    draw_by_name(model, scheme)
    layers = (nn.Conv2d, nn.Linear)
    return {name: layer.weight.detach() for name, layer in model.named_modules() if isinstance(layer, layers)}


@pytest.mark.parametrize("scheme", ["he", "xavier", "pytorch"])
@pytest.mark.parametrize("twins", TWINS.values(), ids=TWINS)
def test_layers_of_one_name_and_shape_are_drawn_alike(twins: tuple[dict[str, object], ...], scheme: str) -> None:
    one, other = (drawn(scheme, 3, **fields) for fields in twins)
    shared = one.keys() & other.keys()
    assert len(shared) >= 8
    assert all(torch.equal(one[name], other[name]) for name in shared)


def test_another_seed_gives_other_draws_and_layers_differ_from_one_another() -> None:
    first, second = drawn("he", 0), drawn("he", 1)
    assert not any(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["layer1.0.conv1"], first["layer1.0.conv2"])


def test_a_draw_by_name_leaves_the_generator_where_it_was() -> None:
    model = create_model("resnet20", width=4)
    torch.manual_seed(5)
    undisturbed = torch.rand(3)
    torch.manual_seed(5)
    draw_by_name(model)
    assert torch.equal(torch.rand(3), undisturbed)


@pytest.mark.parametrize("draw", [initialise, draw_by_name])
def test_he_and_xavier_have_the_spread_of_their_papers(draw: object) -> None:
    layer = nn.Sequential(nn.Conv2d(64, 128, 3))
    draw(layer, "he")
    assert layer[0].weight.std().item() == pytest.approx(math.sqrt(2 / (128 * 9)), rel=0.02)
    draw(layer, "xavier")
    assert layer[0].weight.std().item() == pytest.approx(math.sqrt(2 / ((64 + 128) * 9)), rel=0.02)


@pytest.mark.parametrize("draw", [initialise, draw_by_name])
def test_an_unknown_scheme_is_refused(draw: object) -> None:
    with pytest.raises(SpecError, match="he, xavier, pytorch"):
        draw(nn.Conv2d(1, 1, 1), "kaiming")
