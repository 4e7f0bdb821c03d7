"""Costs agree with published counts, add up, and take neither data nor memory."""

import dataclasses
import json

import pytest
import torch
import torchvision
from torch import nn

from resnetlab.analysis import count_macs, count_parameters, measure_complexity
from resnetlab.core.errors import ResnetlabError

PUBLISHED = {
    "resnet50": (25_557_032, 4_089_184_256),
    "densenet121": (7_978_856, 2_834_161_664),
    "regnet_y_400mf": (4_344_144, 401_842_848),
    "resnext101_32x8d": (88_791_336, 16_414_015_488),
    "vgg16": (138_357_544, 15_470_264_320),
}


BUILT_WITH_DATA = ("regnet_y_400mf", "googlenet")  # their constructors read numbers


def on_meta(name: str) -> nn.Module:
    with torch.device("cpu" if name in BUILT_WITH_DATA else "meta"):
        return torchvision.models.get_model(name, **({"init_weights": False} if name == "googlenet" else {}))


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_multiply_adds_are_those_published(name):
    cost = measure_complexity(on_meta(name), (3, 224, 224))
    assert (cost.params, cost.macs) == PUBLISHED[name]


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "vit_b_16", "googlenet"])
def test_the_layers_add_up_to_the_whole(name):
    model = on_meta(name)
    cost = measure_complexity(model, (3, 224, 224))
    for column in ("params", "macs", "activations", "weight_bytes", "activation_bytes"):
        assert sum(getattr(layer, column) for layer in cost.layers) == getattr(cost, column), column
    assert cost.params == count_parameters(model)


def test_a_convolution_costs_what_the_textbook_says():
    conv = nn.Conv2d(8, 6, (3, 5), stride=2, groups=2)
    (layer,) = measure_complexity(conv, (8, 21, 33)).layers
    assert layer.shape == (6, 10, 15)
    assert layer.macs == 6 * 10 * 15 * (8 // 2) * 3 * 5
    assert layer.params == 6 * 4 * 15 + 6
    assert layer.activations == 6 * 10 * 15
    assert (layer.weight_bytes, layer.activation_bytes) == (4 * layer.params, 4 * layer.activations)


def test_a_layer_called_twice_has_a_row_for_each_call_and_its_parameters_once():
    shared = nn.Linear(4, 4)
    cost = measure_complexity(nn.Sequential(shared, nn.ReLU(), shared), (4,))
    assert [(row.name, row.call, row.params, row.macs) for row in cost.layers] == [
        ("0", 1, 20, 16),
        ("1", 1, 0, 0),
        ("0", 2, 0, 16),
    ]


def test_a_relu_in_place_takes_no_new_memory():
    rows = measure_complexity(nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(inplace=True), nn.ReLU()), (1, 4, 4)).layers
    assert [row.activation_bytes for row in rows] == [128, 0, 128]


def test_a_container_that_computes_itself_is_a_layer():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter(torch.ones(1))
            self.linear = nn.Linear(4, 4, bias=False)

        def forward(self, x):
            return self.gain * (self.linear(x) @ torch.eye(4))

    cost = measure_complexity(Scaled(), (4,))
    assert [(row.name, row.params, row.macs) for row in cost.layers] == [("linear", 16, 16), ("", 1, 16)]


def test_frozen_parameters_are_left_out_when_only_trainable_ones_are_counted():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    assert (count_parameters(model), count_parameters(model, trainable_only=True)) == (26, 10)


def test_measuring_leaves_the_model_as_it_was(model, fingerprint):
    before = fingerprint(model.train())
    count_macs(model, (3, 8, 8))
    with pytest.raises(ResnetlabError, match="try another input size"):
        count_macs(model, (7, 8, 8))
    assert fingerprint(model) == before


def test_a_model_that_looks_at_its_numbers_is_measured_with_data():
    class Branching(nn.Linear):
        def forward(self, x):
            return super().forward(x) if x.sum() >= 0 else x

    with pytest.raises(ResnetlabError, match="device='cpu'"):
        measure_complexity(Branching(4, 4), (4,))
    assert measure_complexity(Branching(4, 4), (4,), device="cpu").macs == 16


def test_the_result_is_ready_for_json(model):
    cost = json.loads(json.dumps(dataclasses.asdict(measure_complexity(model, (3, 8, 8)))))
    assert cost["layers"][0]["name"] == "0"
