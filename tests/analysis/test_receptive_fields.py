"""Receptive fields are those published, and arithmetic and gradient find the same pixels."""

import dataclasses
import json

import pytest
import torch
import torch.nn.functional as F
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from resnetlab.analysis import mask_extent, measure_receptive_field, receptive_field_mask
from resnetlab.core.errors import ResnetlabError, UnknownNameError


def torchvision_model(name: str) -> nn.Module:
    with torch.device("meta"):
        model = torchvision.models.get_model(name, **({"init_weights": False} if name == "inception_v3" else {}))
    return model.to_empty(device="cpu") if name == "inception_v3" else model


def resnet_v1(name: str) -> nn.Module:
    """The paper's own: the stride in the first 1x1 convolution of a bottleneck, not in the 3x3."""
    model = torchvision_model(name)
    for stage in (model.layer2, model.layer3, model.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return model


@pytest.mark.parametrize(("convolutions", "size"), [(1, 3), (2, 5), (3, 7)])
def test_stacked_3x3_convolutions_see_as_much_as_one_large(convolutions, size):
    stack = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(convolutions)))
    assert measure_receptive_field(stack, (1, 16, 16)).final.size == (size, size)
    assert mask_extent(receptive_field_mask(stack, (1, 16, 16))) == (size, size)


# Araujo, Norris & Sim 2019, the table of receptive fields of popular networks; their ResNets are v1.
@pytest.mark.parametrize(
    ("make", "name", "layer", "size"),
    [
        (torchvision_model, "alexnet", "features", 195),
        (torchvision_model, "vgg16", "features", 212),
        (torchvision_model, "inception_v3", "Mixed_7c", 1311),
        (resnet_v1, "resnet50", "layer4", 483),
        (resnet_v1, "resnet101", "layer4", 1027),
        (resnet_v1, "resnet152", "layer4", 1507),
    ],
    ids=["alexnet", "vgg16", "inception_v3", "resnet50 v1", "resnet101 v1", "resnet152 v1"],
)
def test_published_networks_see_what_was_published(make, name, layer, size):
    rows = measure_receptive_field(make(name), (3, 299, 299)).layers
    assert next(row.size for row in rows if row.name == layer) == (size, size)


@pytest.mark.parametrize(
    ("name", "layer", "size"),
    [
        ("resnet18", "layer4", 435),
        ("resnet50", "layer4", 427),
        ("mobilenet_v2", "features", 491),
        ("shufflenet_v2_x1_0", "conv5", 527),
    ],
)
def test_the_gradient_finds_the_pixels_that_the_arithmetic_does(name, layer, size):
    model = torchvision.models.get_model(name)
    row = measure_receptive_field(model, (3, 224, 224)).final
    assert (row.name, row.size) == (layer, (size, size))
    columns = receptive_field_mask(model, (3, 32, 608), layer).any(dim=0).nonzero().flatten()
    first = row.start[1] + row.stride[1] * (608 // row.stride[1] // 2)
    assert columns.tolist() == list(range(first, first + size))


@settings(max_examples=40, deadline=None)
@given(
    layers=st.lists(
        st.tuples(st.sampled_from("cma"), st.integers(1, 4), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2)),
        min_size=1,
        max_size=4,
    )
)
def test_arithmetic_and_gradient_agree_on_any_stack_of_convolutions_and_poolings(layers):
    stack = nn.Sequential()
    for kind, kernel, stride, padding, dilation in layers:
        if kind == "c":
            stack.append(nn.Conv2d(1, 1, (1, kernel), stride, (0, padding), dilation))
        else:
            pooling = nn.MaxPool2d if kind == "m" else nn.AvgPool2d
            stack.append(pooling((1, kernel), stride, (0, min(padding, kernel // 2))))
    row = measure_receptive_field(stack, (1, 16, 256)).final
    columns = receptive_field_mask(stack, (1, 16, 256)).any(dim=0).nonzero().flatten()
    first = row.start[1] + row.stride[1] * (row.shape[2] // 2)
    assert (columns.min(), columns.max()) == (first, first + row.size[1] - 1)


class Module(nn.Module):
    """A module with one 3x3 convolution, and a forward of its own."""

    def __init__(self, forward):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.body = forward

    def forward(self, x):
        return self.body(self, x)


def written_in_part(self, x):
    padded = x.new_zeros(x.shape[0], 8, *x.shape[2:])
    padded[:, :4] = self.conv(x)
    return padded


FORWARDS = {
    "a residual sum, in place": (lambda self, x: self.conv(x).add_(x), 3),
    "two branches of different reach": (lambda self, x: self.conv(self.conv(x)) + self.conv(x), 5),
    "branches joined as channels": (lambda self, x: torch.cat([x, self.conv(x)], dim=1), 3),
    "shortcut A by slicing and padding": (lambda self, x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)), 1),
    "channels written in part": (written_in_part, 3),
    "functional activations and poolings": (lambda self, x: F.max_pool2d(F.relu6(self.conv(x)), 2), 4),
    "a channel shuffle": (
        lambda self, x: self.conv(x).view(1, 2, 2, *x.shape[2:]).transpose(1, 2).reshape(1, 4, *x.shape[2:]),
        3,
    ),
    "channels normalised last": (
        lambda self, x: F.layer_norm(self.conv(x).permute(0, 2, 3, 1), (4,)).permute(0, 3, 1, 2),
        3,
    ),
    "attention over channels": (lambda self, x: self.conv(x) * x.amax(dim=1, keepdim=True).sigmoid(), 3),
    "halves of the channels": (lambda self, x: torch.cat(self.conv(x).chunk(2, dim=1)[::-1], dim=1), 3),
    "a pooling to a given size": (lambda self, x: F.adaptive_avg_pool2d(self.conv(x), 4), 6),
    "a squeeze-and-excitation gate": (
        lambda self, x: x * F.hardsigmoid(self.conv(x).mean((2, 3), keepdim=True)),
        None,
    ),
    "a gate by linear layers": (
        lambda self, x: x * F.linear(x.mean((2, 3)), torch.ones(4, 4, dtype=x.dtype)).view(1, 4, 1, 1),
        None,
    ),
    "a group norm": (lambda self, x: F.group_norm(self.conv(x), 2), None),
}


@pytest.mark.parametrize("case", FORWARDS)
def test_arithmetic_and_gradient_agree_on_what_a_forward_does(case):
    forward, size = FORWARDS[case]
    model = Module(forward)
    assert measure_receptive_field(model, (4, 16, 16)).final.size == (size, size)
    assert mask_extent(receptive_field_mask(model, (4, 16, 16))) == (size or 16, size or 16)


def test_a_flattened_map_sees_the_whole_image():
    rows = measure_receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(36, 2)), (1, 8, 8)).layers
    assert [row.size for row in rows] == [(3, 3), (None, None), (None, None), (None, None)]


def test_zero_weights_and_dead_units_hide_no_path():
    conv = nn.Conv2d(1, 1, 3, padding=1)
    nn.init.zeros_(conv.weight)
    nn.init.constant_(conv.bias, -1.0)
    model = nn.Sequential(conv, nn.ReLU(inplace=True), conv, nn.MaxPool2d(2))
    assert mask_extent(receptive_field_mask(model, (1, 16, 16))) == (6, 6)


def test_the_mask_is_that_of_the_position_asked_for():
    mask = receptive_field_mask(nn.Conv2d(1, 1, 3, padding=1), (1, 8, 8), position=(0, 7))
    assert mask.nonzero().tolist() == [[0, 6], [0, 7], [1, 6], [1, 7]]


def test_a_signal_has_a_receptive_field_too():
    stack = nn.Sequential(nn.Conv1d(1, 1, 5), nn.MaxPool1d(2), nn.Conv1d(1, 1, 3))
    assert measure_receptive_field(stack, (1, 64)).final.size == (10,)
    assert mask_extent(receptive_field_mask(stack, (1, 64))) == (10,)


@pytest.mark.parametrize("layer", [nn.ConvTranspose2d(1, 1, 2, stride=2), nn.Upsample(scale_factor=2)])
def test_what_has_no_arithmetic_is_refused_with_the_other_way(layer):
    model = nn.Sequential(nn.Conv2d(1, 1, 3), layer, nn.Conv2d(1, 1, 3))
    with pytest.raises(ResnetlabError, match="receptive_field_mask"):
        measure_receptive_field(model, (1, 16, 16))
    assert mask_extent(receptive_field_mask(model, (1, 16, 16)))[0] in (4, 5)


def test_a_wrong_request_is_met_with_the_remedy():
    with pytest.raises(UnknownNameError, match="did you mean layer4"):
        receptive_field_mask(torchvision.models.resnet18(), (3, 32, 32), "layer5")
    with pytest.raises(ResnetlabError, match="has no receptive field"):
        measure_receptive_field(nn.Linear(3, 3), (3,))


def test_looking_leaves_the_model_as_it_was(model, fingerprint):
    before = fingerprint(model)
    measure_receptive_field(model, (3, 8, 8))
    receptive_field_mask(model, (3, 8, 8), "1.1")
    for look in (measure_receptive_field, receptive_field_mask):
        with pytest.raises((ResnetlabError, RuntimeError)):
            look(model, (7, 8, 8))
    assert fingerprint(model) == before


def test_the_fields_are_ready_for_json(model):
    fields = json.loads(json.dumps(dataclasses.asdict(measure_receptive_field(model, (3, 8, 8)))))
    assert fields["final"]["size"] == [11, 11]
