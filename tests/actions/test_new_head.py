"""Classes are compared by name: a head that tells the data's is kept and matched, any other is replaced or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
import torchvision
import transformers
from torch import nn

from resnetlab import create_model
from resnetlab.actions.networks.new_head import fit_head, keep_head
from resnetlab.actions.networks.references import ResolvedModel, resolve_model
from resnetlab.core.errors import ResnetlabError, SpecError
from resnetlab.nn import Classifier
from resnetlab.specs.card import ModelCard
from resnetlab.weights import save

PETS = ("cat", "dog", "sea_horse", "mole")
PERMUTED = ("dog", "Sea Horse", "mole", "cat")
OTHERS_AS_MANY = ("cat", "dog", "horse", "mole")


def resolved(model: nn.Module | None = None, classes: tuple[str, ...] | None = PETS) -> ResolvedModel:
    torch.manual_seed(0)
    model = create_model("resnet20", len(PETS), width=4) if model is None else model
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return ResolvedModel("a network", model.eval(), ModelCard(classes=classes, source="somewhere"))


def images(side: int = 32) -> torch.Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_a_head_that_tells_the_same_classes_is_kept_to_the_bit() -> None:
    given = resolved()
    before = given.module(images())
    fitted = fit_head(given, PETS)
    assert torch.equal(fitted.module(images()), before)
    assert not fitted.head_is_fresh
    assert fitted.module.card.classes == PETS


@pytest.mark.parametrize(
    "fit", [lambda given: fit_head(given, PERMUTED).module, lambda given: keep_head(given, PERMUTED)[0]]
)
def test_outputs_take_the_order_of_the_data_s_classes(fit: object) -> None:
    given = resolved()
    before = given.module(images())
    after = fit(given)(images())
    torch.testing.assert_close(after, before[:, [1, 2, 3, 0]], rtol=0, atol=0)


@pytest.mark.parametrize("classes", [OTHERS_AS_MANY, PETS[:3], (*PETS, "newt")])
def test_other_classes_get_a_new_head_in_fine_tuning_and_a_refusal_elsewhere(classes: tuple[str, ...]) -> None:
    given = resolved()
    with pytest.raises(ResnetlabError, match="differ in their classes") as refusal:
        keep_head(given, classes)
    assert "resnetlab finetune" in str(refusal.value)
    assert len(str(refusal.value).splitlines()) <= 3
    old, features = given.module.fc.weight.clone(), given.module.forward_features(images())
    fitted = fit_head(given, classes)
    assert fitted.head_is_fresh
    assert fitted.module(images()).shape == (2, len(classes))
    assert fitted.module.card.classes == classes
    assert "the old one told others" in fitted.remarks[0]
    assert not any(torch.equal(row, other) for row in fitted.module.fc.weight for other in old)
    assert torch.equal(fitted.module.forward_features(images()), features)


def test_a_head_without_names_is_not_taken_for_the_data_s_because_their_numbers_agree() -> None:
    fitted = fit_head(resolved(classes=None), PETS)
    assert fitted.head_is_fresh
    assert "nothing tells what the old one's outputs stand for" in fitted.remarks[0]


def test_a_new_head_is_to_be_had_for_the_same_classes_too() -> None:
    assert fit_head(resolved(), PETS, keep_if_same=False).head_is_fresh


def test_what_was_fitted_is_untrained_until_it_is_saved_and_tells_where_it_began() -> None:
    card = fit_head(resolved(), OTHERS_AS_MANY).module.card
    assert not card.is_trained
    assert card.assumptions == ("training began with the weights of somewhere",)


FOREIGN = {
    "torchvision's": lambda: torchvision.models.resnet18(weights=None, num_classes=4),
    "torchvision's VGG": lambda: torchvision.models.vgg11(weights=None, num_classes=4),
    "torchvision's EfficientNet": lambda: torchvision.models.efficientnet_b0(weights=None, num_classes=4),
    "timm's": lambda: timm.create_model("resnet18d", num_classes=4),
    "timm's DenseNet": lambda: timm.create_model("densenet121", num_classes=4),
    "transformers'": lambda: transformers.ResNetForImageClassification(
        transformers.ResNetConfig(depths=[1, 1, 1, 1], num_labels=4)
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_networks_of_other_libraries_become_ours_and_say_the_same(name: str) -> None:
    given = resolved(FOREIGN[name]())
    before = given.module(images(64))
    fitted = fit_head(given, PERMUTED)
    assert isinstance(fitted.module, Classifier)
    wanted = getattr(before, "logits", before)[:, [1, 2, 3, 0]]
    torch.testing.assert_close(
        fitted.module.eval()(images(64)), wanted, rtol=1e-4, atol=1e-4 * wanted.abs().max().item()
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: torchvision.models.alexnet(weights=None, num_classes=4), "these"),
        (lambda: timm.create_model("resnetblur18", num_classes=4), "resnet18.* gives other outputs"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 4)), "no known layout"),
    ],
    ids=["another family", "the same tensors and blur", "a few layers"],
)
def test_a_network_that_ours_cannot_be_is_refused_before_anything_is_trained(make: object, why: str) -> None:
    with pytest.raises(ResnetlabError, match=f"is no network of ours(.|\n)*{why}") as refusal:
        fit_head(resolved(make()), PETS)
    assert len(str(refusal.value).splitlines()) <= 3


def test_a_saved_network_has_the_dropout_that_its_head_was_given(tmp_path: Path) -> None:
    fitted = fit_head(resolved(), OTHERS_AS_MANY, dropout=0.3)
    save(fitted.module, tmp_path, source="fine-tuned here")
    again = resolve_model(str(tmp_path))
    assert again.module.dropout.p == again.card.spec.head_dropout == 0.3
    assert again.card.classes == OTHERS_AS_MANY
    assert torch.equal(again.module(images()), fitted.module.eval()(images()))
    with pytest.raises(SpecError, match=r"head_dropout=1\.5"):
        fit_head(resolved(), PETS, dropout=1.5)


def test_a_foreign_network_s_outputs_are_matched_by_name_too() -> None:
    given = resolved(torchvision.models.resnet18(weights=None, num_classes=4))
    before = given.module(images())
    model, (remark,) = keep_head(given, PERMUTED)
    assert torch.equal(model(images()), before[:, [1, 2, 3, 0]])
    assert "matched by name" in remark
