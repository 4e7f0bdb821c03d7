"""The networks that timm has and torchvision has not compute what timm's do, in evaluation and in training."""

from __future__ import annotations

import re

import pytest
import timm
import torch
from torch import nn
from twins import RELATIVE, assert_same_gradients_in_training, enliven

from resnetlab.nn import build
from resnetlab.specs import find_spec

SHARED = ("seresnet50", "resnet18d", "resnet34d", "resnet50d", "resnetv2_50")
RESNETV2 = (
    (r"^stem\.conv\.", "conv1."),
    (r"^stages\.(\d+)\.blocks\.", lambda found: f"layer{int(found[1]) + 1}."),
    (r"\.norm(\d)\.", r".bn\1."),
    (r"\.downsample\.conv\.", ".downsample.0."),
    (r"^head\.fc\.1\.", "fc."),
)


def our_name(key: str) -> str:
    """What timm calls stem, stages and blocks; only its pre-activation networks have other names than ours."""
    for pattern, ours in RESNETV2:
        key = re.sub(pattern, ours, key)  # type: ignore[arg-type]
    return key


@pytest.fixture(scope="module", params=SHARED)
def twins(request: pytest.FixtureRequest) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    theirs = timm.create_model(request.param, pretrained=False)
    if request.param == "resnetv2_50":
        theirs.head.fc = nn.Sequential(nn.Flatten(), nn.Linear(2048, 1000))  # a 1×1 convolution there
    enliven(theirs, torch.randn(4, 3, 63, 63))
    ours = build(find_spec(request.param))
    ours.load_state_dict({our_name(key): tensor for key, tensor in theirs.state_dict().items()}, strict=True)
    return ours.double(), theirs.double()


def test_evaluation_logits_are_timms(twins: tuple[nn.Module, nn.Module]) -> None:
    ours, theirs = (network.eval() for network in twins)
    images = torch.randn(2, 3, 63, 63, dtype=torch.float64)
    with torch.no_grad():
        found, expected = ours(images), theirs(images)
    assert (found - expected).norm() <= RELATIVE * expected.norm()
    assert (expected[0] - expected[1]).norm() > 0.01 * expected[0].norm()


def test_training_gives_timms_loss_gradients_and_statistics(twins: tuple[nn.Module, nn.Module]) -> None:
    assert_same_gradients_in_training(*twins, torch.randn(2, 3, 63, 63), our_name)
