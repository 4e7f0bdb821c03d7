"""The last layer of every family can be looked at, replaced and taken off, under the names that timm has for it."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

from resnetlab import create_model
from resnetlab.core.errors import SpecError
from resnetlab.nn import Classifier, build
from resnetlab.specs.card import ModelCard

SMALL = {
    "resnet20": {"width": 4},
    "preact_resnet18": {"width": 4},
    "regnet_y_400mf": {"depths": "1/1/1/1"},
    "densenet121": {"growth": 4, "depths": "1/1"},
    "efficientnet_b0": {},
    "vgg11": {"hidden": 16},
}


def small(name: str) -> Classifier:
    torch.manual_seed(0)
    model = create_model(name, **SMALL[name])
    assert isinstance(model, Classifier)
    return model.eval()


@pytest.mark.parametrize("name", SMALL)
def test_a_fresh_head_has_the_classes_asked_for_and_leaves_all_else_as_it_was(name: str) -> None:
    model, images = small(name), torch.randn(2, 3, 64, 64)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    features = model.forward_features(images)
    model.reset_classifier(7)
    assert model(images).shape == (2, 7)
    assert model.spec.num_classes == 7
    assert torch.equal(model.forward_features(images), features)
    changed = {key for key, tensor in model.state_dict().items() if not torch.equal(tensor, before[key])}
    assert changed == {f"{model.head}.weight", f"{model.head}.bias"}


@pytest.mark.parametrize("name", SMALL)
def test_without_a_head_the_network_gives_what_the_head_saw(name: str) -> None:
    model, images = small(name), torch.randn(2, 3, 64, 64)
    head, logits = model.get_classifier(), model(images)
    assert isinstance(head, nn.Linear)
    model.reset_classifier(0)
    assert model(images).shape == (2, model.num_features)
    torch.testing.assert_close(head(model(images)), logits)
    model.reset_classifier(3)
    assert model(images).shape == (2, 3)


@pytest.mark.parametrize("name", SMALL)
def test_dropout_before_the_head_is_recorded_and_changes_no_weight(name: str) -> None:
    model, images, shares = small(name), torch.randn(2, 3, 64, 64), list[float]()
    model.card = ModelCard(model.spec)
    before, keys = model(images), list(model.state_dict())
    model.set_head_dropout(0.9)
    for path in model.head_dropouts:
        model.get_submodule(path).register_forward_hook(lambda dropout, *_: shares.append(dropout.p))
    assert torch.equal(model(images), before)
    assert shares == [0.9] * len(model.head_dropouts)
    assert model.spec.head_dropout == model.card.spec.head_dropout == 0.9
    assert list(model.state_dict()) == keys
    again = build(model.spec)
    assert [again.get_submodule(path).p for path in model.head_dropouts] == shares
    with pytest.raises(SpecError, match="head_dropout=1"):
        model.set_head_dropout(1.0)


def test_the_names_and_their_meaning_are_timms() -> None:
    ours, theirs = create_model("resnet18"), timm.create_model("resnet18")
    for model in (ours, theirs):
        assert model.get_classifier() is model.fc
        assert model.num_features == 512
        model.reset_classifier(5)
        assert model.get_classifier().out_features == 5
        assert model.forward_features(torch.randn(1, 3, 64, 64)).shape == (1, 512, 2, 2)


def test_the_new_head_is_of_the_networks_type_and_a_changed_network_keeps_one_name() -> None:
    model = small("resnet20").double()
    model.reset_classifier(5)
    model.reset_classifier(3)
    assert model.get_classifier().weight.dtype == torch.float64
    assert model.spec.name == "resnet20[width=4,num_classes=3]"


def test_a_fresh_head_is_untrained_and_its_classes_have_no_names() -> None:
    model = small("resnet20")
    model.card = ModelCard(model.spec, tuple("abcdefghij"), source="somewhere")
    model.reset_classifier(3)
    assert (model.card.classes, model.card.is_trained, model.card.spec) == (None, False, model.spec)
    assert model.card.assumptions == ("the last layer is fresh; all else is of somewhere",)


def test_a_negative_number_of_classes_is_refused() -> None:
    with pytest.raises(SpecError, match="num_classes=-1"):
        small("resnet20").reset_classifier(-1)
