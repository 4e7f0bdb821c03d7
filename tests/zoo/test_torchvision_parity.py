"""Every network that torchvision has too computes what torchvision's does, from torchvision's own state dict."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from resnetlab.nn import build
from resnetlab.specs import ZOO, find_spec
from resnetlab.weights import from_torchvision
from resnetlab.weights.layouts import layout_for
from twins import assert_same_bits_in_evaluation, assert_same_gradients_in_training, enliven

SHARED = sorted(ZOO.keys() & set(torchvision.models.list_models()))
RENAMED = ("densenet121", "efficientnet_b0", "regnet_x_400mf", "regnet_y_400mf")
VGGS = tuple(name for name in SHARED if name.startswith("vgg"))
LARGE = (*VGGS, *(name for name in SHARED if re.search("101|152|wide", name)))
WITHOUT_DRAWS: dict[str, dict[str, Any]] = {
    "efficientnet_b0": {"drop_path": 0.0, "head_dropout": 0.0},
    **{name: {"head_dropout": 0.0} for name in VGGS},
}
WITHOUT_DRAWS_THERE: dict[str, dict[str, Any]] = {
    "efficientnet_b0": {"stochastic_depth_prob": 0.0, "dropout": 0.0},
    **{name: {"dropout": 0.0} for name in VGGS},
}


def torchvisions(name: str, hidden: int = 4096) -> nn.Module:
    """Torchvision's network, every weight drawn once and cheaply, with lively batch norms.

    Args:
        hidden: units in a VGG's head, which torchvision's own argument for it does not reach.
    """
    device = "cpu" if name.startswith("regnet") else "meta"  # RegNets compute their widths by tensors
    with torch.device(device):
        model = torchvision.models.get_model(name, **WITHOUT_DRAWS_THERE.get(name, {}))
        for place, inputs, outputs in ((0, 25_088, hidden), (3, hidden, hidden), (6, hidden, 1000)):
            if hidden != 4096:
                model.classifier[place] = nn.Linear(inputs, outputs)
    model.to_empty(device="cpu")
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.uniform_(layer.bias, -0.1, 0.1)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
    return enliven(model, torch.randn(4, 3, 64, 64))


def ours_with_the_weights_of(theirs: nn.Module, name: str, **fields: Any) -> nn.Module:
    """Our network, filled by the state dict as it is, or through the key map of its family."""
    spec = find_spec(name).with_fields(**WITHOUT_DRAWS.get(name, {}), **fields)
    if name in RENAMED:
        model = build(spec)
        from_torchvision(model, theirs.state_dict())
        return model
    model = build(spec, "meta")
    model.load_state_dict({key: tensor.clone() for key, tensor in theirs.state_dict().items()}, assign=True)
    return model


def in_full(names: tuple[str, ...]) -> pytest.MarkDecorator:
    """Every shared network; those named wait for the long sweep."""
    rows = [pytest.param(name, marks=[pytest.mark.full] if name in names else []) for name in SHARED]
    return pytest.mark.parametrize("name", rows)


@in_full(tuple({*LARGE} - {"resnet101", "wide_resnet50_2"}))  # VGGs: behind a narrow head, below
def test_evaluation_logits_are_torchvisions_bit_for_bit(name: str) -> None:
    theirs = torchvisions(name)
    ours = ours_with_the_weights_of(theirs, name)
    assert_same_bits_in_evaluation(ours, theirs, torch.randn(2, 3, 64, 64))


@in_full(LARGE)
def test_training_gives_torchvisions_loss_gradients_and_statistics(name: str) -> None:
    theirs = torchvisions(name)
    ours = ours_with_the_weights_of(theirs, name)
    our_name = layout_for("torchvision", find_spec(name)).our_name
    assert_same_gradients_in_training(ours, theirs, torch.randn(2, 3, 64, 64), our_name)


@pytest.mark.parametrize("name", VGGS)
def test_behind_a_narrow_head_evaluation_and_training_give_the_same(name: str) -> None:
    theirs = torchvisions(name, hidden=64)
    ours = ours_with_the_weights_of(theirs, name, hidden=64)
    assert_same_bits_in_evaluation(ours, theirs, torch.randn(2, 3, 33, 33))
    assert_same_gradients_in_training(ours, theirs, torch.randn(2, 3, 33, 33), lambda key: key)


@pytest.mark.parametrize("name", SHARED)
def test_figures_are_those_that_torchvision_publishes(name: str) -> None:
    published = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"].meta
    expect = find_spec(name).expect
    assert expect.params == published["num_params"]
    assert expect.macs is not None
    assert round(expect.macs / 1e9, 3) == published["_ops"]
    assert expect.top1 is not None
    assert (expect.top1.percent, expect.top1.said_by) == (
        published["_metrics"]["ImageNet-1K"]["acc@1"],
        "torchvision IMAGENET1K_V1",
    )


def test_every_family_is_here() -> None:
    families = ("resnet18", "resnext50_32x4d", "wide_resnet50_2", "vgg11", "vgg19_bn", *RENAMED)
    assert set(families) <= set(SHARED)
    assert len(SHARED) == 22
