"""A layout reads the names that it writes, and those that MMPretrain's own modules have."""

from __future__ import annotations

import pytest

from resnetlab.nn import build
from resnetlab.specs import ZOO, find_spec
from resnetlab.weights.layouts import LAYOUTS, Layout, family_of, mmpretrain


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.library}-{layout.family}")
def test_names_are_written_so_that_they_are_read_again(layout: Layout) -> None:
    family = [spec for spec in ZOO.values() if family_of(spec) == layout.family and spec.depth < 200]
    fitting = [spec for spec in family if layout.obstacle(spec) is None]
    assert fitting
    for spec in fitting[:8]:
        names = list(build(spec, "meta").state_dict())
        theirs = [layout.their_name(name) for name in names]
        assert len(set(theirs)) == len(theirs)
        assert [layout.our_name(name) for name in theirs] == names


# Read off mmpretrain 1.2.0: ResNet, ResNetV1d and SEResNet of 50 layers.
OF_MMPRETRAIN = {
    ("resnet50", "conv1.weight"): "backbone.conv1.weight",
    ("resnet50", "bn1.running_var"): "backbone.bn1.running_var",
    ("resnet50", "layer3.5.conv2.weight"): "backbone.layer3.5.conv2.weight",
    ("resnet50", "layer1.0.downsample.1.bias"): "backbone.layer1.0.downsample.1.bias",
    ("resnet50", "fc.bias"): "head.fc.bias",
    ("resnet50d", "conv1.0.weight"): "backbone.stem.0.conv.weight",
    ("resnet50d", "conv1.4.weight"): "backbone.stem.1.bn.weight",
    ("resnet50d", "conv1.6.weight"): "backbone.stem.2.conv.weight",
    ("resnet50d", "bn1.weight"): "backbone.stem.2.bn.weight",
    ("resnet50d", "layer1.0.downsample.1.weight"): "backbone.layer1.0.downsample.0.weight",
    ("resnet50d", "layer2.0.downsample.1.weight"): "backbone.layer2.0.downsample.1.weight",
    ("seresnet50", "layer4.2.se.fc1.weight"): "backbone.layer4.2.se_layer.conv1.conv.weight",
    ("seresnet50", "layer4.2.se.fc2.bias"): "backbone.layer4.2.se_layer.conv2.conv.bias",
}


@pytest.mark.parametrize(("name", "ours"), OF_MMPRETRAIN)
def test_the_names_of_mmpretrain_are_known(name: str, ours: str) -> None:
    with_deep_stem, _, plain = mmpretrain.LAYOUTS
    layout = with_deep_stem if find_spec(name).stem.convolutions == 3 else plain
    assert ours in build(find_spec(name), "meta").state_dict()
    assert layout.their_name(ours) == OF_MMPRETRAIN[name, ours]
    assert layout.our_name(OF_MMPRETRAIN[name, ours]) == ours
