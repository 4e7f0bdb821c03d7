"""The founding documents' demonstrations: numbers that repeat, figures where asked for, short errors."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import nn

import resnetlab
from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments.demos import BatchNormEffect

QUICK = {
    "vanishing_gradient_demo": partial(resnetlab.vanishing_gradient_demo, 6),
    "batchnorm_effect_demo": partial(resnetlab.batchnorm_effect_demo, [0.25]),
    "layer_activation_stats": resnetlab.layer_activation_stats,
    "check_residual_gradient": partial(resnetlab.check_residual_gradient, 3),
}


@pytest.mark.parametrize("demo", QUICK.values(), ids=QUICK)
def test_a_seed_gives_the_same_numbers_again_and_leaves_the_generator_alone(demo):
    before = torch.random.get_rng_state()
    assert demo(seed=3) == demo(seed=3)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("demo", [QUICK["vanishing_gradient_demo"], QUICK["check_residual_gradient"]])
def test_another_seed_gives_other_numbers(demo):
    assert demo(seed=3) != demo(seed=4)


@pytest.mark.parametrize("demo", QUICK.values(), ids=QUICK)
def test_the_figure_goes_where_it_is_asked_for(demo, tmp_path):
    demo(draw=tmp_path / "figure.png")
    assert [file.read_bytes()[:4] for file in tmp_path.iterdir()] == [b"\x89PNG"]


def test_a_figure_can_be_svg(tmp_path):
    resnetlab.check_residual_gradient(2, draw=str(tmp_path / "figure.svg"))
    assert "<svg" in (tmp_path / "figure.svg").read_text(encoding="utf-8")[:300]


def test_vanishing_gradients_compares_plain_and_residual():
    signal = resnetlab.vanishing_gradient_demo(12).signal
    lost = {network: math.log(norms[-1] / norms[0]) for network, norms in signal.items()}
    assert len(lost) == 8
    assert lost["plain, 12 layers, sigmoid, He init"] > 8
    assert lost["plain with BN, 12 layers, relu, He init"] < 0


def test_the_check_shows_that_the_initialisation_is_the_cause():
    """A block leaves √(1/18) of the gradient with PyTorch's initialisation; with He's the plain stack is sound."""
    first = resnetlab.check_residual_gradient(20).first_layer
    assert first["plain, PyTorch's init"] < 20 * (1 / 18) ** 10
    assert 0.1 < first["residual, PyTorch's init"] < 10
    assert 0.1 < first["plain, He init"] < 20
    assert first["residual, He init"] > 100


def test_activation_statistics_are_those_of_the_tensors():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU())
    images = torch.randn(5, 1, 8, 8)
    output = model(images)
    row = resnetlab.layer_activation_stats(model, images).layers[-1]
    assert (row.mean, row.std) == pytest.approx((output.mean().item(), output.std(correction=0).item()), rel=1e-5)


@pytest.mark.parametrize("name", ["plain20", "densenet121"])
def test_activation_statistics_take_any_model_of_the_zoo(name):
    layers = resnetlab.layer_activation_stats(name).layers
    assert len(layers) > 10
    assert all(math.isfinite(row.std) for row in layers)


def test_the_reachable_rate_is_the_largest_that_halves_the_loss():
    effect = BatchNormEffect((0.1, 1.0, 10.0), (0.2, 1.0, 2.3), (1.2, 2.3, 2.3), untrained=(2.4, 2.3))
    assert effect.reachable_rates == (1.0, None)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (partial(resnetlab.check_residual_gradient, 0), "n_blocks=0"),
        (partial(resnetlab.check_residual_gradient, 1000), "from 1 to 200"),
        (partial(resnetlab.check_residual_gradient, 3, seed=-1), "seed=-1"),
        (partial(resnetlab.vanishing_gradient_demo, 7), "depth=7"),
        (partial(resnetlab.layer_activation_stats, "resnet21"), "resnet20"),
        (partial(resnetlab.batchnorm_effect_demo, []), "rates"),
        (partial(resnetlab.batchnorm_effect_demo, [0.1, -1.0]), "above 0"),
        (partial(resnetlab.layer_activation_stats, draw="figure.gif"), ".png or .svg"),
        (partial(resnetlab.check_residual_gradient, draw="no/such/folder/figure.png"), "no folder"),
    ],
)
def test_what_cannot_be_is_said_in_three_lines(call, told):
    with pytest.raises(ResnetlabError, match=told) as caught:
        call()
    assert len(str(caught.value).splitlines()) <= 3
