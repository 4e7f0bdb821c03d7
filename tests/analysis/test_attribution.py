"""Integrated gradients add up to what they explain; Grad-CAM is its formula, written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from importlib import util
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from resnetlab import create_model
from resnetlab.analysis.attribution import grad_cam, integrated_gradients
from resnetlab.analysis.feature_maps import last_feature_map
from resnetlab.core.errors import ResnetlabError


def pictures(count: int, side: int = 32) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_integrated_gradients_add_up_to_the_difference_of_the_logits() -> None:
    torch.manual_seed(0)
    model = create_model("resnet20", 10, width=4, depths=(1, 1, 1)).eval()
    images, classes = pictures(3, 16), torch.tensor([0, 4, 9])
    found = integrated_gradients(model, images, classes, steps=100)
    with torch.no_grad():
        ends = [model(inputs)[range(3), classes] for inputs in (images, torch.zeros_like(images))]
    torch.testing.assert_close(found.differences, ends[0] - ends[1])
    sums = found.maps.sum(dim=(1, 2, 3))
    torch.testing.assert_close(sums, ends[0] - ends[1], rtol=0.02, atol=0.005)
    torch.testing.assert_close(found.gaps.float(), (sums - found.differences).float(), rtol=0.1, atol=1e-4)


def test_the_integral_of_a_linear_network_is_weight_times_input() -> None:
    model: Any = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5))
    images = pictures(2, 8)
    found = integrated_gradients(model, images, torch.tensor([1, 3]), steps=3)
    expected = model[1].weight[[1, 3]].view(2, 3, 8, 8).detach() * images
    torch.testing.assert_close(found.maps, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "layer"),
    [
        (lambda: torchvision.models.resnet18(num_classes=5), "layer4"),
        (lambda: create_model("resnet20", 5, width=4), "layer3"),
    ],
)
def test_grad_cam_is_the_formula(make: Callable[[], nn.Module], layer: str) -> None:
    torch.manual_seed(0)
    model = make().eval()
    images, classes = pictures(2, 64), torch.tensor([2, 0])
    held: list[Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda module, inputs, output: held.append(output))
    logits = model(images)
    handle.remove()
    (slopes,) = torch.autograd.grad(logits[range(2), classes].sum(), held[0])
    by_hand = (slopes.mean(dim=(2, 3), keepdim=True) * held[0]).sum(dim=1).relu().detach()
    found = grad_cam(model, images, classes)
    assert found.layer == layer
    assert by_hand.any()
    torch.testing.assert_close(found.maps, by_hand)


LAST_MAPS = [
    (lambda: torchvision.models.densenet121(), "features"),
    (lambda: timm.create_model("efficientnet_b0"), "bn2"),
    (lambda: timm.create_model("convnext_atto"), "stages"),
]


@pytest.mark.parametrize(("make", "layer"), LAST_MAPS, ids=[layer for _, layer in LAST_MAPS])
def test_the_last_map_before_the_pooling_is_found(make: Callable[[], nn.Module], layer: str) -> None:
    model = make().eval()
    assert last_feature_map(model, pictures(1, 64)).layer == layer
    assert grad_cam(model, pictures(1, 64), torch.tensor([0])).maps.shape == (1, 2, 2)


def test_a_network_without_maps_is_told() -> None:
    with pytest.raises(ResnetlabError, match="no module inside Sequential gives a map"):
        grad_cam(nn.Sequential(nn.Flatten(), nn.Linear(192, 5)), pictures(1, 8), torch.tensor([0]))


def test_without_captum_its_name_is_said(monkeypatch: pytest.MonkeyPatch, model: nn.Module, images: Tensor) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(ResnetlabError, match=r"pip install 'resnetlab\[explain\]'"):
        integrated_gradients(model, images, torch.zeros(16, dtype=torch.int64))


def test_nothing_stays_behind(model: nn.Module, images: Tensor, fingerprint: Callable[[nn.Module], object]) -> None:
    before = fingerprint(model.train())
    classes = torch.zeros(16, dtype=torch.int64)
    grad_cam(model, images, classes)
    integrated_gradients(model, images, classes, steps=4)
    assert fingerprint(model) == before
