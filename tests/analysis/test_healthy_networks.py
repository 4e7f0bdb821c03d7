"""Networks as libraries and the zoo have them are without mistakes."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision
from user_code import mistakes_of

from resnetlab.analysis import read_network
from resnetlab.nn import build
from resnetlab.specs import ZOO

LARGE = {name for name, spec in ZOO.items() if spec.depth > 60 and "densenet" not in name}
ROWS = [pytest.param(name, marks=pytest.mark.full if name in LARGE else ()) for name in ZOO]


@pytest.mark.parametrize("name", ROWS)
def test_no_row_of_the_zoo_has_a_mistake(name: str) -> None:
    spec = ZOO[name]
    model, image = build(spec, "meta"), (spec.in_channels, spec.input_size, spec.input_size)
    assert mistakes_of(model, image) == {}
    assert read_network(model, image).depth == spec.weighted_layers


HEALTHY = {
    "torchvision": "resnet18 resnet50 mobilenet_v2",
    "timm": "resnet26t resnet34d resnet50_gn resnetaa50 resnetrs50 resnet33ts ecaresnet50d_pruned skresnet18 "
    "resnetv2_50d resnetv2_50x1_bit res2net50_26w_4s resnest14d regnetz_b16 convnext_tiny",
}
HEALTHY_TOO = {
    "torchvision": "resnext50_32x4d wide_resnet50_2 resnet34 resnet101 resnet152 resnext101_32x8d resnext101_64x4d "
    "wide_resnet101_2 efficientnet_b0",
    "timm": "resnet14t resnet18 resnet18d resnet50 resnet50c resnet50d resnetblur50 resnet51q resnet61q ecaresnet26t "
    "seresnet50 resnext50_32x4d resnext50d_32x4d resnetv2_50 wide_resnet50_2 regnetx_004 regnety_004 mobilenetv2_100",
}
MAKERS = {"torchvision": torchvision.models.get_model, "timm": timm.create_model}
NETWORKS = [
    pytest.param(library, name, marks=marks)
    for table, marks in ((HEALTHY, ()), (HEALTHY_TOO, pytest.mark.full))
    for library, names in table.items()
    for name in names.split()
]


@pytest.mark.parametrize(("library", "name"), NETWORKS)
def test_a_healthy_network_has_no_mistake(library: str, name: str) -> None:
    with torch.device("meta"):
        model = MAKERS[library](name)
    assert mistakes_of(model, (3, 224, 224)) == {}
