"""A network of ours in two files: `model.safetensors`, its numbers, and `model.json`, what is to be known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import safetensors.torch
from torch import Tensor, nn

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.files import write_atomically
from resnetlab.specs.card import ModelCard
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.weights.description import DESCRIPTION, HEADER, WEIGHTS, describe
from resnetlab.weights.training_state import was_trained

SOURCE_NOT_TOLD = "not told"


def save(
    model: nn.Module,
    folder: Path | str,
    *,
    classes: tuple[str, ...] | None = None,
    preprocessing: Preprocessing | None = None,
    source: str | None = None,
    licence: str | None = None,
) -> Path:
    """Write a network to a folder, as `load_checkpoint(folder)` reads it again; gives the file of its weights.

    Args:
        model: a network of ours.
        folder: made where it is not there; a network in it is replaced.
        classes: names in the order of the head's outputs; None: those of the model's card.
        preprocessing: what an image goes through; None: that of the model's card.
        source: where the weights come from; None: that of the card.
        licence: of the weights; None: that of the card.

    Raises:
        ResnetlabError: the model is none of ours, or a value is impossible.
        OutputError: the folder cannot be written; what stood there before is as it was.
    """
    if not isinstance(getattr(model, "spec", None), ModelSpec):
        raise ResnetlabError(
            f"a {type(model).__name__} has no spec, so it could not be built again\n"
            "bring its weights into a network of ours first: resnetlab.weights.load_weights(ours, path)"
        )
    known = card_of(model)
    card = replace(
        known,
        classes=known.classes if classes is None else tuple(classes),
        preprocessing=preprocessing or known.preprocessing,
        source=source or known.source or (SOURCE_NOT_TOLD if was_trained(model) else None),
        licence=licence or known.licence,
    )
    tensors = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    description = describe(card, tensors)
    place = Path(folder)
    write_atomically(place / WEIGHTS, partial(write_weights, tensors, {HEADER: description}))
    write_atomically(place / DESCRIPTION, lambda file: file.write_text(description, encoding="utf-8"))
    return place / WEIGHTS


def card_of(model: nn.Module) -> ModelCard:
    """What is known of a network: its card, with the spec that it has now."""
    card, spec = (getattr(model, name, None) for name in ("card", "spec"))
    known = card if isinstance(card, ModelCard) else ModelCard()
    if not isinstance(spec, ModelSpec):  # a user's module may call anything so
        return known
    if known.classes is not None and len(known.classes) != spec.num_classes:
        known = replace(known, classes=None)  # the head was changed since
    return replace(known, spec=spec)


def write_weights(tensors: Mapping[str, Tensor], metadata: Mapping[str, str], file: Path) -> None:
    """Write a safetensors file.

    Args:
        tensors: by name.
        metadata: texts for its header.
        file: its place.

    Raises:
        OSError: it cannot be written.
    """
    dense = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # The library's own save_file leaves a temporary file behind where it is stopped.
    file.write_bytes(safetensors.torch.save(dense, metadata={"format": "pt", **metadata}))
