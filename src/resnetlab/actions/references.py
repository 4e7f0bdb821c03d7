"""What a model reference stands for, resolved in one place for every command.

`resnet50` is a row of the zoo, `resnet20[shortcut=B,width=8]` a row with fields changed.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import ModelSpec, find_spec
from resnetlab.specs.card import ModelCard

if TYPE_CHECKING:
    from torch import nn

REFERENCE = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<fields>[^\[\]]*)\])?")


@dataclass(frozen=True)
class ResolvedModel:
    """A network and what is known of it.

    Args:
        reference: as it was given.
        module: the network, in evaluation mode.
        card: classes, preprocessing, where its weights come from.
    """

    reference: str
    module: nn.Module
    card: ModelCard


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


def resolve_model(reference: str, *, untrained: bool = True) -> ResolvedModel:
    """The network that a reference names.

    Args:
        reference: a model reference.
        untrained: one that was never trained will do.
    """
    from resnetlab.nn import build

    prefix, _, rest = reference.partition(":")
    if prefix == "timm":
        import timm

        return ResolvedModel(reference, timm.create_model(rest, pretrained=False).eval(), ModelCard())
    if prefix == "torchvision":
        from torchvision.models import get_model

        return ResolvedModel(reference, get_model(rest).eval(), ModelCard())
    if prefix.endswith(".py"):
        return ResolvedModel(reference, _from_factory(Path(prefix), rest).eval(), ModelCard())
    spec = find_model(reference)
    return ResolvedModel(reference, build(spec).eval(), ModelCard(spec))


def _from_factory(file: Path, factory: str) -> nn.Module:
    described = importlib.util.spec_from_file_location(f"_factory_{file.stem}", file)
    if described is None or described.loader is None:
        raise ResnetlabError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(described)
    sys.modules[described.name] = module
    described.loader.exec_module(module)
    made: nn.Module = getattr(module, factory)()
    return made
