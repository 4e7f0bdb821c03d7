"""Blocks are taken out, permuted and put back exactly."""

import copy

import pytest
import timm
import torch
import torchvision
from torch import nn

from resnetlab.analysis import lesioned, reestimate_batchnorm, removable_blocks, shuffled
from resnetlab.core.errors import ResnetlabError, UnknownNameError


def test_inside_a_lesion_the_block_is_the_identity(model, images):
    without = nn.Sequential(model[0], model[1][0], *model[2:])
    model.eval()
    with lesioned(model, ["1.1"]) as lesion:
        assert torch.equal(lesion(images), without(images))
    assert not torch.equal(model(images), without(images))


def test_several_blocks_go_at_once(model, images):
    without = nn.Sequential(model[0], *model[2:])
    with lesioned(model.eval(), ["1.0", "1.1"]):
        assert torch.equal(model(images), without(images))


def test_a_lesion_leaves_the_model_as_it_was(model, images, fingerprint):
    before = fingerprint(model)
    with lesioned(model, ["1.0", "1.1.conv2"]):
        model.eval()(images)
        model.train()
    assert fingerprint(model) == before
    with pytest.raises(RuntimeError), lesioned(model, ["1.0"]):
        model(torch.ones(2, 7, 8, 8))
    assert fingerprint(model) == before


def test_a_lesion_keeps_the_names_of_what_remains(model):
    names = {name for name in model.state_dict() if not name.startswith("1.1.")}
    with lesioned(model, ["1.1"]):
        assert set(model.state_dict()) == names


def test_a_block_that_changes_the_shape_is_not_removed(images):
    resnet = torchvision.models.resnet18(num_classes=5).eval()
    with lesioned(resnet, ["layer2.0"]), pytest.raises(ResnetlabError) as caught:
        resnet(torch.ones(1, 3, 32, 32))
    assert "module 'layer2.0' cannot be removed: it turns (64, 8, 8) into (128, 4, 4)" in str(caught.value)
    assert "removable_blocks" in str(caught.value)


def test_an_unknown_name_is_met_with_the_nearest(model):
    with pytest.raises(UnknownNameError, match="did you mean"), lesioned(model, ["1.2"]):
        pass


def test_the_whole_model_is_not_removed(model):
    with pytest.raises(ResnetlabError, match="whole model"), lesioned(model, [""]):
        pass


BLOCKS = {
    "torchvision:resnet18": ["layer1.0", "layer1.1", "layer2.1", "layer3.1", "layer4.1"],
    "torchvision:resnet50": [
        f"layer{stage}.{block}" for stage, depth in enumerate((3, 4, 6, 3), 1) for block in range(1, depth)
    ],
    "torchvision:efficientnet_b0": [
        f"features.{stage}.{block}"
        for stage, depth in ((2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 1))
        for block in range(1, depth)
    ],
    "torchvision:densenet121": [],
    "timm:resnetv2_50": [
        f"stages.{stage}.blocks.{block}" for stage, depth in enumerate((3, 4, 6, 3)) for block in range(1, depth)
    ],
}


@pytest.mark.parametrize("reference", BLOCKS)
def test_the_blocks_that_keep_the_shape_are_found(reference):
    library, name = reference.split(":")
    model = torchvision.models.get_model(name) if library == "torchvision" else timm.create_model(name)
    assert list(removable_blocks(model, torch.empty(1, 3, 64, 64))) == BLOCKS[reference]


def test_each_removable_block_comes_with_the_shape_it_keeps():
    blocks = removable_blocks(torchvision.models.resnet18(), torch.empty(2, 3, 64, 64))
    assert (blocks["layer1.1"], blocks["layer3.1"]) == ((64, 16, 16), (256, 4, 4))


def test_looking_for_blocks_leaves_the_model_as_it_was(model, images, fingerprint):
    before = fingerprint(model)
    assert list(removable_blocks(model, images)) == ["1.0", "1.1"]
    assert fingerprint(model) == before


def test_shuffled_blocks_compute_in_the_new_order(model, images, fingerprint):
    before = fingerprint(model.eval())
    swapped = nn.Sequential(model[0], model[1][1], model[1][0], *model[2:])
    with shuffled(model, {"1.0": "1.1", "1.1": "1.0"}):
        assert torch.equal(model(images), swapped(images))
    assert fingerprint(model) == before


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"layer1.0": "layer1.1"}, "is no permutation"),
        ({"layer1.1": "layer2.1", "layer2.1": "layer1.1"}, "does not fit at 'layer1.1'"),
    ],
)
def test_an_order_that_cannot_be_is_refused(order, message):
    with pytest.raises(ResnetlabError, match=message), shuffled(torchvision.models.resnet18(), order):
        pass


def test_batchnorm_takes_the_statistics_of_the_new_batches(images):
    model = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.BatchNorm2d(3))
    twin = reestimate_batchnorm(model, [images[:8], images[8:]])
    means = torch.stack([half.mean(dim=(0, 2, 3)) for half in (images[:8], images[8:])]).mean(dim=0)
    variances = torch.stack([half.var(dim=(0, 2, 3)) for half in (images[:8], images[8:])]).mean(dim=0)
    torch.testing.assert_close(twin[0].running_mean, means)
    torch.testing.assert_close(twin[0].running_var, variances)


def test_reestimation_works_on_a_copy_and_keeps_its_modes(model, images, fingerprint):
    model.eval()
    model[1][0].train()
    before = fingerprint(model)
    with lesioned(model, ["1.1"]):
        twin = reestimate_batchnorm(model, [images])
        state = copy.deepcopy(twin.state_dict())
    assert fingerprint(model) == before
    assert [module.training for module in twin[1]] == [True, False]
    assert not torch.equal(state["1.0.bn1.running_mean"], model[1][0].bn1.running_mean)
    assert twin[1][0].bn1.momentum == model[1][0].bn1.momentum
