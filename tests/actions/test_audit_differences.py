"""An audit tells where two networks part, also where every fact about them is the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
import torchvision
from torch import Tensor, nn

from resnetlab.actions.audit import audit


def test_settings_of_batch_norm_are_compared() -> None:
    audited = audit(
        torchvision.models.resnet18(norm_layer=lambda width: nn.BatchNorm2d(width, eps=1e-3, momentum=0.01))
    )
    assert [row.topic for row in audited.rows if not row.is_same] == ["norm", "computation"]
    assert audited.computes is None
    assert audited.nearest == "resnet18"


def test_what_another_network_has_otherwise_is_shown() -> None:
    audited = audit("resnet20[shortcut=B]", against="resnet20")
    assert audited.differences == ("shortcut", "biases", "parameters", "multiply-adds", "computation")
    rows = {row.topic: row for row in audited.rows}
    assert rows["shortcut"].found.startswith("B")
    assert (rows["shortcut"].expected or "").startswith("A")
    assert audit("resnet50", against="torchvision:resnet50").differences == ()


class Twisted(nn.Module):
    """The same layers; the skip of the second is the sum before the first's activation."""

    def __init__(self, twisted: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(4))
        self.twisted = twisted

    def forward(self, x: Tensor) -> Tensor:
        a, b, c, d = self.layers
        y = b(a(x).relu()) + x
        z = y.relu()
        return d(c(z).relu()).mul(2 if self.twisted else 1) + z


def test_a_difference_that_no_fact_tells_is_told_by_its_place() -> None:
    audited = audit(Twisted(True), against=Twisted(False), input_size=(3, 8, 8))
    assert audited.differences == ("computation",)
    assert audited.rows[-1].found == "same up to the add of the network"
    assert audited.rows[-1].expected == "there the same, of other inputs"


def test_a_parametrised_weight_is_no_longer_the_same_computation() -> None:
    model = torchvision.models.resnet18()
    nn.utils.parametrizations.spectral_norm(model.conv1)
    audited = audit(model)
    assert audited.computes is None
    assert audited.differences == ("computation",)


class Changed(nn.Module):
    """A block that is asked for something else before its sum."""

    def __init__(self, block: nn.Module, add: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.block, self.add = block, add

    def forward(self, x: Tensor) -> Tensor:
        block = self.block
        branch = block.bn2(block.conv2(block.bn1(block.conv1(x)).relu()))
        return self.add(branch, x if block.downsample is None else block.downsample(x)).relu()


def with_blocks_changed(add: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    model = torchvision.models.resnet18()
    for stage in (model.layer1, model.layer2, model.layer3, model.layer4):
        for place, block in enumerate(stage):
            stage[place] = Changed(block, add)
    return model


def one_block_for_two() -> nn.Module:
    model = torchvision.models.resnet18()
    model.layer1[1] = model.layer1[0]
    return model


def one_norm_for_two() -> nn.Module:
    model = torchvision.models.resnet18()
    model.layer2[1].bn2 = model.layer2[1].bn1
    return model


ALMOST = {
    "one block for two": one_block_for_two,
    "one norm for two": one_norm_for_two,
    "a detached skip": partial(with_blocks_changed, lambda branch, skip: branch + skip.detach()),
    "a branch times zero": partial(with_blocks_changed, lambda branch, skip: branch * 0 + skip),
}


@pytest.mark.parametrize("changed", ALMOST)
def test_a_network_that_only_looks_like_a_row_is_not_it(changed: str) -> None:
    audited = audit(ALMOST[changed]())
    assert audited.computes is None
    assert "computation" in audited.differences
    assert audited.mistakes


def test_the_same_block_in_other_words_is_the_row() -> None:
    assert audit(with_blocks_changed(lambda branch, skip: branch + skip)).computes == "resnet18"


def test_what_is_not_known_of_a_network_without_numbers_is_no_difference() -> None:
    with torch.device("meta"):
        model = torchvision.models.resnet18()
    audited = audit(model, against="torchvision:resnet18")
    assert {row.topic: row.found for row in audited.rows}["zero-γ"] == "not known"
    assert audited.differences == ()


def test_the_place_where_computations_part_is_told_beside_other_differences() -> None:
    rows = {row.topic: row for row in audit("resnet18", against="torchvision:resnet34").rows}
    assert not rows["blocks"].is_same
    assert rows["computation"].found == "same up to the add of layer2.0.merge (gives 128×28×28)"
    assert rows["computation"].expected == "there the add of layer1.2 (gives 64×56×56)"


def unpadded_stem(model: nn.Module) -> None:
    model.conv1.padding = (0, 0)


def unpadded_pool(model: nn.Module) -> None:
    model.maxpool.padding = 0


STEMS = {
    unpadded_stem: (
        "7×7, 64, stride 2, padding 0; 3×3 max pool, stride 2",
        "same up to the convolution of conv1 (padding 0×0, gives 64×109×109)",
        "there the convolution of conv1 (padding 3×3, gives 64×112×112)",
    ),
    unpadded_pool: (
        "7×7, 64, stride 2; 3×3 max pool, stride 2, padding 0",
        "same up to the max_pool2d of maxpool (padding 0×0, gives 64×55×55)",
        "there the max_pool2d of maxpool (padding 1×1, gives 64×56×56)",
    ),
}


@pytest.mark.parametrize("change", STEMS)
def test_a_stem_that_is_padded_otherwise_is_shown_and_where_that_tells(change: Callable[[nn.Module], None]) -> None:
    model = torchvision.models.resnet18()
    change(model)
    audited = audit(model, input_size=(3, 224, 224))
    rows = {row.topic: row for row in audited.rows}
    assert audited.computes is None
    assert (rows["stem"].found, rows["stem"].expected) == (
        STEMS[change][0],
        "7×7, 64, stride 2; 3×3 max pool, stride 2",
    )
    assert (rows["computation"].found, rows["computation"].expected) == STEMS[change][1:]


def test_the_size_of_the_image_is_no_field_that_a_network_differs_in() -> None:
    model = torchvision.models.resnet18()
    model.conv1.stride = (1, 1)
    assert audit(model).computes == "resnet18[stride=1]"
