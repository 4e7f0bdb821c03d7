"""The networks that timm has and torchvision has not compute what timm's do, in evaluation and in training."""

from __future__ import annotations

import functools

import pytest
import timm
import torch
from torch import nn

from resnetlab.nn import build
from resnetlab.specs import find_spec
from resnetlab.weights.layouts import layout_for
from twins import RELATIVE, assert_same_gradients_in_training, enliven

SHARED = ("seresnet50", "resnet18d", "resnet34d", "resnet50d", "resnetv2_50")


def our_name(name: str, key: str) -> str:
    """What a tensor of timm's network is called in ours."""
    return layout_for("timm", find_spec(name)).our_name(key.replace("head.fc.1.", "head.fc."))


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.full] if name == "resnet34d" else []) for name in SHARED],
)
def twins(request: pytest.FixtureRequest) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    theirs = timm.create_model(request.param, pretrained=False)
    if request.param == "resnetv2_50":
        theirs.head.fc = nn.Sequential(nn.Flatten(), nn.Linear(2048, 1000))  # a 1×1 convolution there
    enliven(theirs, torch.randn(4, 3, 63, 63))
    ours = build(find_spec(request.param))
    state = {our_name(request.param, key): tensor for key, tensor in theirs.state_dict().items()}
    ours.load_state_dict(state, strict=True)
    return ours.double(), theirs.double()


def test_evaluation_logits_are_timms(twins: tuple[nn.Module, nn.Module]) -> None:
    ours, theirs = (network.eval() for network in twins)
    images = torch.randn(2, 3, 63, 63, dtype=torch.float64)
    with torch.no_grad():
        found, expected = ours(images), theirs(images)
    assert (found - expected).norm() <= RELATIVE * expected.norm()
    assert (expected[0] - expected[1]).norm() > 0.01 * expected[0].norm()


def test_training_gives_timms_loss_gradients_and_statistics(twins: tuple[nn.Module, nn.Module]) -> None:
    rename = functools.partial(our_name, twins[0].spec.name)
    assert_same_gradients_in_training(*twins, torch.randn(2, 3, 63, 63), rename)
