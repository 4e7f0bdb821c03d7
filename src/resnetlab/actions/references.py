"""What a model reference stands for: `resnet50`, or a row with fields changed, `resnet20[shortcut=B,width=8]`."""

from __future__ import annotations

import re

from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import ModelSpec, find_spec

REFERENCE = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<fields>[^\[\]]*)\])?")


def find_model(reference: str) -> ModelSpec:
    """The spec that a reference names.

    >>> find_model("resnet20[shortcut=B]").shortcut
    Projection(everywhere=False)

    Args:
        reference: a row of the zoo; in brackets the fields that differ, as `field=value`, joined by commas.

    Raises:
        ResnetlabError: it is not of this form.
        UnknownNameError: no such row or field.
        SpecError: a value that cannot be.
    """
    found = REFERENCE.fullmatch(reference)
    pairs = [pair.partition("=") for pair in (found["fields"] or "").split(",") if pair] if found else []
    if found is None or not all(field and equals and value for field, equals, value in pairs):
        raise ResnetlabError(
            f"model reference {reference!r} cannot be read\nwrite NAME or NAME[field=value,…], as resnet20[shortcut=B]"
        )
    return find_spec(found["name"].strip()).with_fields(**{field.strip(): value for field, _, value in pairs})
