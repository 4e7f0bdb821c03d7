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
