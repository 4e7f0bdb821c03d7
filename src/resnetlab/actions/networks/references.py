"""What a model reference stands for, resolved in one place for every command.

| reference | network | weights |
| --- | --- | --- |
| `resnet50`, `resnet20[shortcut=B,width=8]` | a row of the zoo, with fields changed | as drawn |
| `resnet50@IMAGENET1K_V2`, `resnet20@net.th` | a row of the zoo | published ones, or those of a file |
| `torchvision:resnet50@DEFAULT`, `timm:resnet50@a1_in1k` | that library's own | as drawn without @ |
| `hf:user/repo`, `hf:user/repo@revision` | what the hub's files hold | theirs |
| `net.safetensors`, `runs/train/my-run` | what the tensors are found to be | those of the file or folder |
| `my/file.py:factory` | what your function gives | as it gives them |
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from resnetlab.core.errors import ResnetlabError, UntrainedError
from resnetlab.core.files import WEIGHT_SUFFIXES
from resnetlab.core.terminal import on_one_line
from resnetlab.specs import ZOO, ModelSpec, find_spec
from resnetlab.specs.card import ModelCard

if TYPE_CHECKING:
    from torch import nn

REFERENCE = re.compile(r"(?P<name>[^\[\]@]+)(?:\[(?P<fields>[^\[\]]*)\])?(?:@(?P<weights>.+))?")
LIBRARIES = ("torchvision", "timm", "hf")
EXPORTED = (".onnx", ".xml", ".pt2")


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
    """The spec that a reference to the zoo names.

    >>> find_model("resnet20[shortcut=B]").shortcut
    Projection(everywhere=False)

    Args:
        reference: a row of the zoo; in brackets the fields that differ, as `field=value`, joined by commas.

    Raises:
        ResnetlabError: it is not of this form.
        UnknownNameError: no such row or field.
        SpecError: a value that cannot be.
    """
    name, fields, weights = _parts(reference)
    if weights is not None:
        raise ResnetlabError(
            f"model reference {reference!r} names weights, and only a network is asked for\nwrite {name}"
        )
    return find_spec(name).with_fields(**fields)


def resolve_model(reference: str, *, untrained: bool = False) -> ResolvedModel:
    """The network that a reference names, in evaluation mode.

    Args:
        reference: a model reference, in one of the forms above.
        untrained: a network that was never trained will do.

    Raises:
        ResnetlabError: the reference is of no known form, or names nothing that can be had.
        UntrainedError: it names a network that was never trained, and one that was is meant.
    """
    module, card = _resolve(reference, untrained)
    if not untrained and not card.is_trained:
        raise UntrainedError(
            f"{reference} is an untrained network, and here a trained one is meant\n"
            f"give weights ({reference}@DEFAULT, a checkpoint, a run folder), or --untrained"
        )
    return ResolvedModel(reference, module.eval(), card)


def given_model(module: nn.Module, *, untrained: bool = False) -> ResolvedModel:
    """A module that stands in Python, with what its card and its running statistics tell; its mode stays.

    Args:
        module: any; of a compiled or data-parallel one the network inside is taken.
        untrained: a network that was never trained will do.

    Raises:
        UntrainedError: it was never trained, and a network that was is meant.
    """
    from resnetlab.core.wrappers import unwrapped

    module = unwrapped(module)
    name = type(module).__name__
    card = _believed(module, name, untrained)
    if not untrained and not card.is_trained:
        raise UntrainedError(
            f"this {name} is untrained, its running statistics are those it began with, and a trained one is meant\n"
            "load weights into it (resnetlab.weights.load_weights), or give untrained=True"
        )
    return ResolvedModel(name, module, card)


def _resolve(reference: str, untrained: bool) -> tuple[nn.Module, ModelCard]:
    """The network and its card, by the form of the reference."""
    library, colon, rest = reference.partition(":")
    if colon and library in LIBRARIES:
        return _of_library(library, rest)
    if colon and library.endswith(".py"):
        from resnetlab.actions.networks.factories import call_factory
        from resnetlab.core.wrappers import unwrapped

        module = unwrapped(call_factory(Path(library), rest))
        return module, _believed(module, reference, untrained)
    if _is_file(reference):
        return _of_file(Path(reference))
    return _of_zoo(reference)


def _of_zoo(reference: str) -> tuple[nn.Module, ModelCard]:
    from resnetlab.nn import build
    from resnetlab.weights import load_weights
    from resnetlab.weights.published import pretrained_model
    from resnetlab.weights.saving import card_of

    name, fields, weights = _parts(reference)
    spec = find_spec(name).with_fields(**fields)
    if weights is None:
        return build(spec), ModelCard(spec)
    if not _is_file(weights):
        model = pretrained_model(name, weights, **fields)
        return model, card_of(model)
    model = load_weights(build(spec), weights)
    return model, card_of(model)


def _of_library(library: str, rest: str) -> tuple[nn.Module, ModelCard]:
    from resnetlab.weights import hub, libraries
    from resnetlab.weights.saving import card_of

    name, _, tag = rest.partition("@")
    if library == "hf":
        model = hub.load_from_hub(name, revision=tag or None)
        return model, card_of(model)
    made = {"torchvision": libraries.torchvision_model, "timm": libraries.timm_model}[library]
    return made(name, tag or None)


def _believed(module: nn.Module, source: str, untrained: bool) -> ModelCard:
    """A user's module's card, with this source where its running statistics speak for training, or nothing tells."""
    from resnetlab.weights.saving import card_of
    from resnetlab.weights.training_state import was_trained

    card = card_of(module)
    if card.is_trained or not was_trained(module):
        return card
    tells = any(getattr(part, "running_mean", None) is not None for part in module.modules())
    remark = () if tells or untrained else ("that it was trained: it has no running statistics, which would tell",)
    return replace(card, source=on_one_line(source), assumptions=(*card.assumptions, *remark))


def _of_file(file: Path) -> tuple[nn.Module, ModelCard]:
    from resnetlab.weights import load_checkpoint
    from resnetlab.weights.saving import card_of

    if "\0" in str(file):
        raise ResnetlabError(
            f"{on_one_line(file)} is the name of no file: it holds a zero byte\ngive a file or folder"
        )
    if file.suffix in EXPORTED:
        raise ResnetlabError(
            f"{file} is an exported network, which no command reads yet\ngive the weights it was made of"
        )
    model = load_checkpoint(file)
    return model, card_of(model)


def _parts(reference: str) -> tuple[str, dict[str, str], str | None]:
    """Name, changed fields and weights of a reference to the zoo."""
    found = REFERENCE.fullmatch(reference)
    pairs = [pair.partition("=") for pair in (found["fields"] or "").split(",") if pair] if found else []
    if found is None or not all(field and equals and value for field, equals, value in pairs):
        raise ResnetlabError(
            f"model reference {reference!r} cannot be read\nwrite NAME or NAME[field=value,…], as resnet20[shortcut=B]"
        )
    return found["name"].strip(), {field.strip(): value for field, _, value in pairs}, found["weights"]


def _is_file(reference: str) -> bool:
    """Whether a text names a file or folder of weights, one that is there or one that looks like it."""
    row, _, _ = reference.partition("[")
    if row.partition("@")[0] in ZOO:
        return False
    looks_like_one = reference.endswith((*WEIGHT_SUFFIXES, *EXPORTED)) or "/" in reference
    return looks_like_one or os.path.exists(reference)  # False too for what no system could name
