"""Folded norms compute what they did, also after the weights have moved; what is not sure stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.analysis.folded_norms import FoldedNorms


class Both(nn.Module):
    """What the convolution gives goes into a norm and past it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.bn(y) + y.relu()


class Functional(Both):
    """The convolution's weights serve a function, not the module."""

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(F.conv2d(x, self.conv.weight))


SHARED = nn.Conv2d(3, 3, 3, padding=1)
NETWORKS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    # how it is made, and how many norms are folded
    "resnet20": (lambda: create_model("resnet20", 10, width=4, depths=(1, 1, 1)), 7),
    "torchvision's resnet18": (lambda: torchvision.models.resnet18(), 20),
    "a bias before the norm": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), 1),
    "norm first": (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3)), 0),
    "two users": (Both, 0),
    "a function": (Functional, 0),
    "called twice": (lambda: nn.Sequential(SHARED, nn.BatchNorm2d(3), SHARED, nn.BatchNorm2d(3)), 0),
    "norm and activation in one": (lambda: timm.create_model("resnetv2_50", layers=(1, 1, 1, 1)), 0),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_folded_norms_compute_the_same_wherever_the_weights_are(network: str) -> None:
    torch.manual_seed(0)
    make, count = NETWORKS[network]
    model = copy.deepcopy(make()).double().eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for name, tensor in module.state_dict().items():
                if name in ("weight", "running_var"):
                    nn.init.uniform_(tensor, 0.5, 1.5)
                elif tensor.is_floating_point():
                    nn.init.normal_(tensor, std=0.3)
    images = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    plain = copy.deepcopy(model)
    moving = dict(model.named_parameters())
    folded = FoldedNorms(model, (3, 32, 32))
    assert len(folded.folds) == count
    torch.testing.assert_close(model(images), plain(images))
    for parameter in plain.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    for key, parameter in plain.named_parameters():
        moving[key].copy_(parameter)
    folded.refresh()
    torch.testing.assert_close(model(images), plain(images))


def test_in_training_mode_nothing_is_folded() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    assert FoldedNorms(model, (3, 8, 8)).folds == []
