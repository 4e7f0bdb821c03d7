"""Any network of the zoo by its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import torch
from torch import nn

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.files import WEIGHT_SUFFIXES
from resnetlab.nn import build
from resnetlab.specs import find_spec
from resnetlab.weights.published import pretrained_model


def create_model(
    name: str,
    /,
    num_classes: int | None = None,
    in_channels: int | None = None,
    *,
    pretrained: bool | str = False,
    device: torch.device | str | None = None,
    **fields: Any,
) -> nn.Module:
    """The named network: freshly initialised, in training mode, or with published weights, in evaluation mode.

    >>> create_model("resnet20", shortcut="B").spec.name
    'resnet20[shortcut=B]'

    Args:
        name: a row of the zoo, see `list_models()`.
        num_classes: outputs of the head, where the row's own number is not wanted.
        in_channels: of the image, where it is not the row's own.
        pretrained: fill it with published weights: True for those that their authors recommend (torchvision's DEFAULT,
            for resnet50 IMAGENET1K_V2), or their name, see `list_pretrained()`. They are downloaded once. `model.card`
            then has classes and preprocessing; where `num_classes` is another than theirs, the last layer is fresh.
        device: where the tensors are made.
        **fields: fields of the spec or of its parts, with the short names of model references:
            `shortcut="B"`, `stride_in="1x1"`, `zero_init_last=True`, `width=8`, `depths=(2, 2, 2)`.

    Raises:
        UnknownNameError: no such model or field.
        SpecError: a value that cannot be.
        ResnetlabError: there are no such weights, or a field makes another network than they belong to.
        DownloadError: they cannot be had; the message says what to do by hand.
    """
    _refuse_references(name)
    changes = {"num_classes": num_classes, "in_channels": in_channels, **fields}
    given = {field: value for field, value in changes.items() if value is not None or field in fields}
    if pretrained:
        return pretrained_model(name, pretrained, **given).to(device or torch.get_default_device())
    return build(find_spec(name).with_fields(**given), device)


def _refuse_references(name: str) -> None:
    """Pass a name; what commands take in its place is said in Python's words.

    Raises:
        ResnetlabError: gives the call that is meant.
    """
    row, at, weights = name.partition("@")
    bare, bracket, _ = row.partition("[")
    if (file := weights or row).endswith(WEIGHT_SUFFIXES):
        meant = f"load_checkpoint({file!r})" + (f", or load_weights(create_model({bare!r}), {file!r})" if at else "")
    elif at or bracket:
        changed, filled = ", field=value" if bracket else "", f", pretrained={weights!r}" if at else ""
        meant = f"create_model({bare!r}{changed}{filled})"
    else:
        return
    raise ResnetlabError(
        f"{name!r} is a model reference, as commands take it, and no name of a network\nwrite {meant}"
    )


Options = ParamSpec("Options")


def _named(
    name: str, title: str, create: Callable[Concatenate[str, Options], nn.Module]
) -> Callable[Options, nn.Module]:
    """`create_model` with its name given, under that name and with the signature that is left."""

    def model(*args: Options.args, **kwargs: Options.kwargs) -> nn.Module:
        return create(name, *args, **kwargs)

    _, *left = (signature := inspect.signature(create)).parameters.values()
    model.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]  # `inspect` reads it
    model.__name__ = model.__qualname__ = name
    model.__doc__ = (
        f"{title}, freshly initialised or pretrained; arguments as `create_model`. Paper: He et al. 2015, Table 1."
    )
    return model


resnet18 = _named("resnet18", "ResNet-18", create_model)
resnet34 = _named("resnet34", "ResNet-34", create_model)
resnet50 = _named("resnet50", "ResNet-50 v1.5", create_model)
resnet101 = _named("resnet101", "ResNet-101 v1.5", create_model)
resnet152 = _named("resnet152", "ResNet-152 v1.5", create_model)
