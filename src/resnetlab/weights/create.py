"""Any network of the zoo by its name."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from resnetlab.nn import build
from resnetlab.specs import find_spec


def create_model(
    name: str,
    num_classes: int | None = None,
    in_channels: int | None = None,
    *,
    device: torch.device | str | None = None,
    **fields: Any,
) -> nn.Module:
    """The named network, freshly initialised.

    >>> create_model("resnet20", shortcut="B").spec.name
    'resnet20[shortcut=B]'

    Args:
        name: a row of the zoo, see `list_models()`.
        num_classes: outputs of the head, where the row's own number is not wanted.
        in_channels: of the image, where it is not the row's own.
        device: where the tensors are made.
        **fields: fields of the spec or of its parts, with the short names of model references:
            `shortcut="B"`, `stride_in="1x1"`, `zero_init_last=True`, `width=8`, `depths=(2, 2, 2)`.

    Raises:
        UnknownNameError: no such model or field.
        SpecError: a value that cannot be.
    """
    changes = {"num_classes": num_classes, "in_channels": in_channels, **fields}
    given = {field: value for field, value in changes.items() if value is not None or field in fields}
    return build(find_spec(name).with_fields(**given), device)


def resnet18(**options: Any) -> nn.Module:
    """ResNet-18, `create_model("resnet18", **options)`. Paper: He et al. 2015, Table 1."""
    return create_model("resnet18", **options)


def resnet34(**options: Any) -> nn.Module:
    """ResNet-34, `create_model("resnet34", **options)`. Paper: He et al. 2015, Table 1."""
    return create_model("resnet34", **options)


def resnet50(**options: Any) -> nn.Module:
    """ResNet-50 v1.5, `create_model("resnet50", **options)`. Paper: He et al. 2015, Table 1."""
    return create_model("resnet50", **options)


def resnet101(**options: Any) -> nn.Module:
    """ResNet-101 v1.5, `create_model("resnet101", **options)`. Paper: He et al. 2015, Table 1."""
    return create_model("resnet101", **options)


def resnet152(**options: Any) -> nn.Module:
    """ResNet-152 v1.5, `create_model("resnet152", **options)`. Paper: He et al. 2015, Table 1."""
    return create_model("resnet152", **options)
