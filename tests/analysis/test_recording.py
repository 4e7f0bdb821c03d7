"""What is recorded is what runs, however the module is written, and nothing is left behind on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from user_code import network_of

from resnetlab.analysis import find_residual_additions, fingerprint, record_graph
from resnetlab.analysis.fingerprint import first_difference
from resnetlab.core.errors import ResnetlabError
from resnetlab.weights import create_model

PHOTOGRAPH = (3, 224, 224)

# Counted by hand in each library's source: blocks with a skip, two for each block of a transformer.
ADDITIONS = {
    "timm": {
        "resnet50": 16,
        "resnetv2_50": 16,
        "seresnet50": 16,
        "regnety_004": 16,
        "convnext_tiny": 18,
        "vit_tiny_patch16_224": 24,
        "swin_tiny_patch4_window7_224": 24,
        "efficientnet_b0": 9,
        "mobilenetv2_100": 10,
        "res2net50_26w_4s": 16,
        "densenet121": 0,
        "vgg16_bn": 0,
    },
    "torchvision": {"resnet18": 8, "resnet152": 50, "wide_resnet50_2": 16, "vgg11": 0, "squeezenet1_0": 0},
    "resnetlab": {"resnet20": 9, "plain20": 0, "plain34": 0, "preact_resnet164": 54, "densenet121": 0},
}
MAKERS = {"timm": timm.create_model, "torchvision": torchvision.models.get_model, "resnetlab": create_model}
CASES = [(library, name, count) for library, counts in ADDITIONS.items() for name, count in counts.items()]


@pytest.mark.parametrize(("library", "name", "count"), CASES)
def test_every_residual_addition_is_found_and_nothing_else(library: str, name: str, count: int) -> None:
    with torch.device("meta"):
        model = MAKERS[library](name)
    size = (3, 32, 32) if name in ("resnet20", "plain20", "preact_resnet164") else PHOTOGRAPH
    assert len(find_residual_additions(record_graph(model, size))) == count


def test_an_addition_knows_its_sides_and_its_block() -> None:
    graph = record_graph(torchvision.models.resnet50(), PHOTOGRAPH)
    additions = find_residual_additions(graph)
    blocks = [
        f"layer{stage}.{place}"
        for stage, depth in zip((1, 2, 3, 4), (3, 4, 6, 3), strict=True)
        for place in range(depth)
    ]
    assert [addition.module for addition in additions] == blocks
    first, second = additions[:2]
    assert graph.weight_name(first.skip[0]) == "layer1.0.downsample.0.weight"
    assert [graph.weight_name(at) for at in first.branch if graph.is_weighted(at)] == [
        f"layer1.0.conv{number}.weight" for number in (1, 2, 3)
    ]
    assert second.skip == ()
    assert second.fork == second.skip_end
    assert graph[graph[first.sum].index + 1].kind == "relu"
    assert set(graph[second.sum].inputs) == {second.branch_end, second.skip_end}


def test_convolutions_know_their_names_and_options() -> None:
    graph = record_graph(torchvision.models.resnext50_32x4d(), PHOTOGRAPH)
    model = torchvision.models.resnext50_32x4d()
    layers = {f"{name}.weight": layer for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d)}
    found = {graph.weight_name(at.index): at for at in graph if at.kind == "convolution"}
    assert found.keys() == layers.keys()
    for name, layer in layers.items():
        options = found[name].options
        assert (tuple(options["stride"]), options["groups"]) == (layer.stride, layer.groups)


@pytest.mark.parametrize("name", ["resnet50d", "efficientnet_b0", "vit_tiny_patch16_224"])
def test_weighted_operations_are_those_that_pytorch_counts(name: str) -> None:
    model = timm.create_model(name).eval()
    graph = record_graph(model, PHOTOGRAPH)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *PHOTOGRAPH))
    counted = counter.get_flop_counts()["Global"]
    layers = sum(map(graph.is_weighted, range(len(graph.operations))))
    # every convolution and matrix product of the flop counter has weights, but for the two in each attention
    assert {str(kind) for kind in counted} <= {"aten.convolution", "aten.addmm", "aten.mm", "aten.bmm"} | {
        "aten._scaled_dot_product_flash_attention_for_cpu"
    }
    assert layers == sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in model.modules())


def written(body: Callable[[nn.Module, Tensor], Tensor]) -> nn.Module:
    """A block of two convolutions whose forward pass is this function."""

    class Written(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = (nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(2))

        def forward(self, x: Tensor) -> Tensor:
            return body(self, x)

    return Written()


def usual(m: Any, x: Tensor) -> Tensor:
    return F.relu(m.b(F.relu(m.a(x))) + x)


def in_place(m: Any, x: Tensor) -> Tensor:
    y = m.a(x).relu_()
    y = m.b(y)
    y += x
    return y.relu_()


def reversed_sides(m: Any, x: Tensor) -> Tensor:
    return torch.relu(torch.add(x, m.b(m.a(x).clamp(min=0))))


def functional(m: Any, x: Tensor) -> Tensor:
    y = F.conv2d(x, m.a.weight, padding=1).clamp_min(0)
    return F.threshold(sum((F.conv2d(y, m.b.weight, padding=1), x)), 0, 0)


def through_views(m: Any, x: Tensor) -> Tensor:
    y = F.relu(m.a(x.contiguous()))
    flat = m.b(y).flatten(1)
    flat += x.flatten(1)
    return F.relu(flat.view_as(x).clone())


@pytest.mark.parametrize("other", [in_place, reversed_sides, functional, through_views])
def test_one_computation_has_one_fingerprint(other: Callable[[Any, Tensor], Tensor]) -> None:
    graphs = [record_graph(written(body), (4, 8, 8)) for body in (usual, other)]
    assert fingerprint(graphs[0]) == fingerprint(graphs[1])
    assert first_difference(*graphs) == (None, None)
    assert len(find_residual_additions(graphs[1])) == 1


def without_last(m: Any, x: Tensor) -> Tensor:
    return m.b(F.relu(m.a(x))) + x


def scaled(m: Any, x: Tensor) -> Tensor:
    return F.relu(torch.add(x, m.b(F.relu(m.a(x))), alpha=0.5))


def smooth(m: Any, x: Tensor) -> Tensor:
    return F.relu(m.b(F.gelu(m.a(x))) + x)


def overwritten(m: Any, x: Tensor) -> Tensor:
    return F.relu(m.b(F.relu(m.a(F.relu_(x)))) + x)


@pytest.mark.parametrize("other", [without_last, scaled, smooth, overwritten])
def test_another_computation_has_another(other: Callable[[Any, Tensor], Tensor]) -> None:
    graphs = [record_graph(written(body), (4, 8, 8)) for body in (usual, other)]
    assert fingerprint(graphs[0]) != fingerprint(graphs[1])
    assert first_difference(*graphs) != (None, None)


SAME = {
    "resnet18": torchvision.models.resnet18,
    "resnext50_32x4d": torchvision.models.resnext50_32x4d,
    "vgg16_bn": torchvision.models.vgg16_bn,
    "densenet121": torchvision.models.densenet121,
    "efficientnet_b0": torchvision.models.efficientnet_b0,
    "regnet_y_400mf": torchvision.models.regnet_y_400mf,
    "seresnet50": lambda: timm.create_model("seresnet50"),
    "resnet50d": lambda: timm.create_model("resnet50d"),
    "resnetv2_50": lambda: timm.create_model("resnetv2_50"),
    "resnet20": lambda: network_of("cifar"),
    "resnet50": lambda: network_of("bottleneck"),
}


@pytest.mark.parametrize("name", SAME)
def test_networks_of_others_have_the_fingerprints_of_ours(name: str) -> None:
    # tests/zoo holds that most of these give the same numbers, too
    size = (3, 32, 32) if name == "resnet20" else PHOTOGRAPH
    ours = record_graph(create_model(name, device="meta"), size)
    theirs = record_graph(SAME[name]().to("meta"), size)
    assert fingerprint(ours) == fingerprint(theirs)


def test_what_writes_into_a_part_changes_the_whole() -> None:
    class Pads(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            wide = torch.zeros(len(x), 8, 6, 6, device=x.device)
            wide[:, :4] = x
            return wide * 2

    graph = record_graph(Pads(), (4, 6, 6))
    assert [graph[at].kind for at in graph.trunk] == ["input", "copy", "update", "mul"]


class LooksAtNumbers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"out": self.a(x) + x if x.mean() > 0 else self.b(x)}


def test_a_module_that_looks_at_numbers_is_recorded_with_some() -> None:
    graph = record_graph(LooksAtNumbers(), (3, 8, 8))
    assert graph.looked_at_numbers
    assert [graph.weight_name(at.index) for at in graph if graph.is_weighted(at.index)] == ["b.weight"]


def test_the_first_of_several_outputs_is_followed() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            return x.relu(), {"other": x.sigmoid()}

    graph = record_graph(Two(), (3, 8, 8))
    assert [graph[at].kind for at in graph.outputs] == ["relu", "sigmoid"]


class Raises(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("missing")


class GivesNothing(nn.Module):
    def forward(self, x: Tensor) -> None:
        return None


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nn.Linear(7, 2), "did not run on one input of size"),
        (Raises(), "missing"),
        (GivesNothing(), "gave no tensor"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_three_lines(model: nn.Module, said: str) -> None:
    with pytest.raises(ResnetlabError) as caught:
        record_graph(model, (3, 8, 8))
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_nothing_is_left_behind(model: nn.Sequential, fingerprint: Callable[[nn.Module], dict[str, Any]]) -> None:
    before = fingerprint(model)
    record_graph(model, (3, 8, 8))
    record_graph(LooksAtNumbers(), (3, 8, 8))
    assert fingerprint(model) == before
