"""Published weights by the name of their network: where they are, what they were shown, which classes they know.

| networks | weights | tags |
| --- | --- | --- |
| those that torchvision has too | ImageNet-1k, from torchvision's own enums | IMAGENET1K_V1, IMAGENET1K_V2 |
| resnet20, 32, 44, 56, 110, 1202 | CIFAR-10, of github.com/akamaster/pytorch_resnet_cifar10 | akamaster |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.nn import Classifier, build
from resnetlab.specs import ZOO, ModelSpec, find_spec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.classes import CIFAR10
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.weights.download import fetch
from resnetlab.weights.layouts.cifar import AS_IMAGENET
from resnetlab.weights.loading import load_weights

HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.\w+$")  # as torch.hub writes it
LEAVE_WEIGHTS = ("drop_path", "dropout", "head_dropout", "init", "init_gain", "zero_init_last")
"""Fields that matter while a network is trained or drawn, not for what published weights compute."""


@dataclass(frozen=True)
class PublishedWeights:
    """A file of weights and what is known of it.

    Args:
        tag: their name among those of the network.
        url: their address; the name of the file carries the first digits of its SHA-256.
        card: classes, preprocessing, source, licence.
    """

    tag: str
    url: str
    card: ModelCard

    @property
    def sha256(self) -> str:
        """The first digits of the file's SHA-256."""
        found = HASH_IN_NAME.search(self.url)
        assert found, f"no hash in {self.url}"
        return found[1]


AKAMASTER = "https://github.com/akamaster/pytorch_resnet_cifar10/raw/master/pretrained_models/"
AKAMASTER_CARD = ModelCard(
    classes=CIFAR10,
    preprocessing=AS_IMAGENET,
    source="akamaster/pytorch_resnet_cifar10",
    licence="BSD-2-Clause",
)
CIFAR_FILES = {
    "resnet20": "resnet20-12fca82f.th",
    "resnet32": "resnet32-d509ac18.th",
    "resnet44": "resnet44-014dd654.th",
    "resnet56": "resnet56-4bfd9763.th",
    "resnet110": "resnet110-1d1ed7c2.th",
    "resnet1202": "resnet1202-f3b1deed.th",
}

TORCHVISION_LICENCE = "BSD-3-Clause for the code; ImageNet's own terms may hold for the weights"
"""What torchvision's README says, in short: pretrained weights may have terms of the data they were trained on."""


def list_pretrained(name: str | None = None) -> list[str]:
    """All published weights, or those of one network, each as a model reference.

    >>> list_pretrained("resnet50")
    ['resnet50@IMAGENET1K_V1', 'resnet50@IMAGENET1K_V2']

    Args:
        name: a row of the zoo; without published weights it has an empty list.

    Raises:
        UnknownNameError: no such row.
    """
    names = ZOO if name is None else [find_spec(name).name]
    return [f"{one}@{weights.tag}" for one in names for weights in _published(one)]


def find_published(name: str, tag: str | bool = True) -> PublishedWeights:
    """The published weights of a network.

    Args:
        name: a row of the zoo.
        tag: their name; True or "DEFAULT": those that their authors recommend.

    Raises:
        UnknownNameError: no such row, or no such weights of it.
        ResnetlabError: nobody published weights for it.
    """
    found = {weights.tag: weights for weights in _published(find_spec(name).name)}
    if not found:
        which = ", ".join(one for one in ZOO if _published(one))
        raise ResnetlabError(f"{name} has no published weights, so it cannot be pretrained\nthese have: {which}")
    if tag in (True, "DEFAULT"):
        return found[_default_tag(name)]
    if tag not in found:
        raise UnknownNameError(f"weights of {name}", str(tag), found, f"all of them: {', '.join(found)}")
    return found[str(tag)]


def pretrained_model(
    name: str, tag: str | bool = True, *, num_classes: int | str | None = None, **fields: Any
) -> nn.Module:
    """The named network with published weights, in evaluation mode; `.card` tells classes and preprocessing.

    Args:
        name: a row of the zoo.
        tag: of the weights, as of `find_published`.
        num_classes: where another number is wanted than the weights have, the last layer is fresh.
        **fields: of the spec, as of `create_model`; only those that leave the meaning of the weights.

    Raises:
        ResnetlabError: no such network or weights, or a field under which they would not compute what they did.
        DownloadError, OutputError: as of `download.fetch`.
        CheckpointError, WeightsError: as of `load_weights`.
    """
    row, weights = find_spec(name), find_published(name, tag)
    _refuse_other_networks(row, fields)
    kept = row.with_fields(**fields)
    asked = kept if num_classes is None else row.with_fields(num_classes=num_classes, **fields)
    file = fetch(weights.url, weights.sha256)
    model = build(kept, "meta").to_empty(device="cpu")  # nothing is drawn that the weights replace
    load_weights(model, file)
    card = replace(weights.card, spec=kept)
    if asked.num_classes != kept.num_classes:
        card = _put_fresh_head(model, asked, card)
    model.card = card
    return model.eval()


def _put_fresh_head(model: nn.Module, asked: ModelSpec, card: ModelCard) -> ModelCard:
    """Another last layer; what is left of the card, for a network that was not trained to tell these classes."""
    assert isinstance(model, Classifier)
    model.reset_classifier(asked.num_classes)
    model.spec = asked
    told = f"all but the last layer is from {card.source}; the last layer is as drawn"
    return ModelCard(asked, None, card.preprocessing, None, card.licence, (told,))


def _refuse_other_networks(row: ModelSpec, fields: dict[str, Any]) -> None:
    """Pass where fields leave the network that the weights belong to.

    Raises:
        ResnetlabError: names the field and the remedy.
    """
    for field, value in fields.items():
        now = row.field_value(field)
        changed = row.with_fields(**{field: value}).name != row.name
        if not changed or field in LEAVE_WEIGHTS:
            continue
        if field == "in_channels":
            raise ResnetlabError(
                f"in_channels={value} does not fit published weights, which take {now} channels\n"
                "repeat grey images in all of them, images.expand(-1, 3, -1, -1), or leave pretrained out"
            )
        raise ResnetlabError(
            f"{field}={value} makes another network of {row.name} than its weights belong to ({field}={now})\n"
            f"leave it out, or pretrained; may be changed: num_classes, {', '.join(LEAVE_WEIGHTS)}"
        )


def _published(name: str) -> list[PublishedWeights]:
    if name in CIFAR_FILES:
        return [PublishedWeights("akamaster", AKAMASTER + CIFAR_FILES[name], AKAMASTER_CARD)]
    return [
        PublishedWeights(weights.name, weights.url, torchvision_card(weights))
        for weights in _enum(name)
        if weights.meta["categories"]  # VGG-16 also has features without a head
    ]


def _default_tag(name: str) -> str:
    return "akamaster" if name in CIFAR_FILES else str(_enum(name).DEFAULT.name)


def _enum(name: str) -> Any:
    """Torchvision's enum of weights for a network; empty where it has none."""
    from torchvision import models

    return models.get_model_weights(name) if name in models.list_models(module=models) else ()


def torchvision_card(weights: Any) -> ModelCard:
    """What a member of one of torchvision's enums tells."""
    images = weights.transforms()
    return ModelCard(
        classes=tuple(weights.meta["categories"]),
        preprocessing=Preprocessing(
            size=images.crop_size[0],
            resize=images.resize_size[0],
            mean=tuple(images.mean),
            std=tuple(images.std),
            interpolation=images.interpolation.value,
        ),
        source=f"torchvision {weights.name}",
        licence=TORCHVISION_LICENCE,
    )
