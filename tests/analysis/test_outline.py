"""The outline of a network says what the table of its paper says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from resnetlab.analysis import count_macs, count_parameters, outline
from resnetlab.analysis.shortcut_layers import shortcut_layers
from resnetlab.weights import create_model

# He et al. 2015, Table 1, without the strides and the pooling: what stands in the brackets, and how often.
TABLE_1 = {
    "resnet18": ([("3×3, {0}", "3×3, {0}")], (2, 2, 2, 2)),
    "resnet34": ([("3×3, {0}", "3×3, {0}")], (3, 4, 6, 3)),
    "resnet50": ([("1×1, {0}", "3×3, {0}", "1×1, {1}")], (3, 4, 6, 3)),
    "resnet101": ([("1×1, {0}", "3×3, {0}", "1×1, {1}")], (3, 4, 23, 3)),
    "resnet152": ([("1×1, {0}", "3×3, {0}", "1×1, {1}")], (3, 8, 36, 3)),
}


def without_numbers(make: Callable[..., nn.Module], *name: str, **options: Any) -> nn.Module:
    """The network on the meta device: to draw its numbers would take longer than to read it."""
    if name and name[0].startswith("regnet"):  # torchvision computes their widths by tensors
        return make(*name).to("meta")
    with torch.device("meta"):
        return make(*name, **options)


@pytest.mark.parametrize("name", TABLE_1)
def test_a_resnet_reads_like_table_1(name: str) -> None:
    ((bracket,), depths) = TABLE_1[name]
    stages = outline(without_numbers(torchvision.models.get_model, name), (3, 224, 224))
    printed = [(stage.blocks[-1].layers, stage.blocks[-1].times) for stage in stages[1:5]]
    widths = (64, 128, 256, 512)
    expected = [tuple(line.format(width, 4 * width) for line in bracket) for width in widths]
    assert printed == list(zip(expected, depths, strict=True))
    assert [stage.size for stage in stages] == [(112, 112), (56, 56), (28, 28), (14, 14), (7, 7), ()]
    assert stages[0].blocks[0].layers == ("7×7, 64, stride 2",)
    assert stages[1].blocks[0].layers == ("3×3 max pool, stride 2",)
    assert [block.layers for block in stages[-1].blocks] == [("average pool",), ("1000-d fc",)]


def test_the_place_of_the_stride_is_told() -> None:
    stages = outline(without_numbers(torchvision.models.resnet50), (3, 224, 224))
    assert [stage.blocks[-1].note for stage in stages[1:5]] == ["", *["the first with stride 2 in its 3×3"] * 3]


def bottlenecks(name: str) -> list[tuple[tuple[str, ...], int]]:
    """The brackets of a torchvision network's stages, without its stem and head."""
    stages = outline(without_numbers(torchvision.models.get_model, name), (3, 224, 224))
    return [(block.layers, block.times) for stage in stages for block in stage.blocks if len(block.layers) > 1]


def test_a_regnet_reads_like_its_figure_without_its_projections() -> None:
    # Radosavovic et al. 2020, Figure 15: depths 1, 2, 7, 12 and groups of 16; 400 channels as in torchvision.
    stages = zip((32, 64, 160, 400), (1, 2, 7, 12), strict=True)
    assert bottlenecks("regnet_x_400mf") == [
        ((f"1×1, {width}", f"3×3, {width}, {width // 16} groups", f"1×1, {width}"), depth) for width, depth in stages
    ]


NAMES = {"torchvision": torchvision.models.get_model, "timm": timm.create_model, "resnetlab": create_model}
WORDS = ("downsample", "shortcut", "proj", "skip")  # what these libraries call it, and nothing else in these networks


@pytest.mark.parametrize(
    ("library", "name"),
    [
        *[("torchvision", name) for name in ("resnet18", "resnext50_32x4d", "regnet_y_400mf")],
        *[("timm", name) for name in ("resnet50d", "seresnet50", "regnetx_004", "regnety_004", "resnetv2_50")],
        *[("resnetlab", name) for name in ("resnet20[C]", "resnet50", "resnet50d", "resnetv2_50", "regnet_y_400mf")],
        *[("torchvision", name) for name in ("densenet121", "efficientnet_b0", "googlenet", "mobilenet_v2", "vgg16")],
    ],
)
def test_shortcuts_are_found_without_their_names(library: str, name: str) -> None:
    name, changed = name.removesuffix("[C]"), {"shortcut": "C"} if name.endswith("[C]") else {}
    quiet = {"init_weights": False} if name == "googlenet" else {}
    model = without_numbers(NAMES[library], name, **changed, **quiet).eval()
    kinds = (nn.Conv2d, nn.Linear, nn.AvgPool2d)
    layers = [at for at, module in model.named_modules() if isinstance(module, kinds)]
    size = 32 if name == "resnet20" else 224
    assert shortcut_layers(model, (3, size, size)) == {at for at in layers if any(word in at for word in WORDS)}


class Jump(nn.Module):
    """A block that no library has: stride 4, its shortcut declared first and under a strange name."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 1, stride=4)
        self.second = nn.Conv2d(3, 5, 3, padding=1)
        self.third = nn.Conv2d(5, 8, 5, stride=4, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(self.second(x).relu()) + self.first(x)


def test_a_stride_of_four_is_told() -> None:
    stages = outline(nn.Sequential(nn.Sequential(Jump()), nn.Flatten()), (3, 32, 32))
    (block,) = stages[0].blocks
    assert block.layers == ("3×3, 5", "5×5, 8")
    assert block.note == "the first with stride 4 in its 5×5"


def test_vgg16_is_told_by_the_size_of_its_maps() -> None:
    stages = outline(without_numbers(torchvision.models.vgg16), (3, 224, 224))
    convolutions = [(stage.size[0], stage.blocks[-1].layers[0], stage.blocks[-1].times) for stage in stages[:-1]]
    # Simonyan & Zisserman 2015, Table 1, column D
    assert convolutions == [
        (224, "3×3, 64", 2),
        (112, "3×3, 128", 2),
        (56, "3×3, 256", 3),
        (28, "3×3, 512", 3),
        (14, "3×3, 512", 3),
    ]


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "efficientnet_b0", "mobilenet_v2", "googlenet"])
def test_stages_add_up_to_the_whole(name: str) -> None:
    options = {"init_weights": False} if name == "googlenet" else {}
    model = without_numbers(torchvision.models.get_model, name, **options).eval()
    stages = outline(model, (3, 224, 224))
    assert sum(stage.macs for stage in stages) == count_macs(model, (3, 224, 224))
    assert sum(stage.params for stage in stages) == count_parameters(model)


def test_depthwise_grouped_and_squeezing_layers_are_told_apart() -> None:
    stages = outline(without_numbers(torchvision.models.efficientnet_b0), (3, 224, 224))
    first = stages[1].blocks[0]
    assert first.layers == ("3×3 depthwise, 32", "SE, 8", "1×1, 16")
    grouped = outline(nn.Sequential(nn.Conv2d(4, 8, 3, groups=2)), (4, 9, 9))
    assert grouped[0].blocks[0].layers == ("3×3, 8, 2 groups",)
