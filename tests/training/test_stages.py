"""The parts of a network have the names that its users know, cover all that it learns, and stand in forward order."""

from __future__ import annotations

import pytest
import timm
import torchvision
import transformers
from torch import nn

from resnetlab import create_model
from resnetlab.training.stages import stages

RESNET = ("stem", "layer1", "layer2", "layer3", "layer4", "head")


class Wrapped(nn.Module):
    """Somebody's network round torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.BatchNorm2d(3)
        self.backbone = torchvision.models.resnet18(weights=None)


NETWORKS = {
    "ours": (lambda: create_model("resnet18"), RESNET),
    "ours, of the paper's for CIFAR-10": (lambda: create_model("resnet20"), (*RESNET[:4], "head")),
    "ours, pre-activation": (lambda: create_model("preact_resnet18"), RESNET),
    "torchvision's": (lambda: torchvision.models.resnet18(weights=None), RESNET),
    "timm's": (lambda: timm.create_model("resnet18"), RESNET),
    "timm's, of version 2": (lambda: timm.create_model("resnetv2_50"), RESNET),
    "transformers'": (lambda: transformers.ResNetForImageClassification(transformers.ResNetConfig()), RESNET),
    "inside another": (Wrapped, RESNET),
    "RegNet of torchvision": (
        lambda: torchvision.models.regnet_y_400mf(weights=None),
        ("stem", "block1", "block2", "block3", "block4", "head"),
    ),
    "DenseNet, ours": (
        lambda: create_model("densenet121"),
        ("stem", *(f"{kind}{n}" for n in (1, 2, 3) for kind in ("block", "transition")), "block4", "head"),
    ),
    "EfficientNet, ours": (
        lambda: create_model("efficientnet_b0"),
        ("stem", *(f"stage{n}" for n in range(1, 8)), "head"),
    ),
    "VGG, each convolution with its norm": (
        lambda: create_model("vgg11_bn", hidden=16),
        (*(f"features.{n}" for n in (0, 4, 8, 11, 15, 18, 22, 25)), "head"),
    ),
    "a few layers": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten()), ("0", "1", "2")),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_library_s_parts_have_the_names_its_users_know(name: str) -> None:
    make, names = NETWORKS[name]
    assert tuple(stages(make())) == names


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_stands_in_one_part_in_the_order_of_the_network(name: str) -> None:
    make, _ = NETWORKS[name]
    model = make()
    in_parts = [parameter for part in stages(model).values() for module in part for parameter in module.parameters()]
    assert list(map(id, in_parts)) == list(map(id, model.parameters()))
