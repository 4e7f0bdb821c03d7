"""A network of ours in two files: `model.safetensors`, its numbers, and `model.json`, what is to be known of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import safetensors.torch
from torch import Tensor, nn

from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.core.files import write_atomically, write_content
from resnetlab.core.wrappers import unwrapped
from resnetlab.nn import build
from resnetlab.specs.card import ModelCard
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.plain import from_plain, to_plain
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.weights.description import DESCRIPTION, HEADER, WEIGHTS, describe
from resnetlab.weights.fitting import misfit, refuse_misfit, rename
from resnetlab.weights.training_state import was_trained

SOURCE_NOT_TOLD = "not told"
LENGTH_BYTES = 8  # of a safetensors file tell how long its header is


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
        source: where the weights come from; None: that of the card, which after a fresh head has none.
        licence: of the weights; None: that of the card.

    Raises:
        ResnetlabError: the model is none of ours, or a value is impossible.
        OutputError: the folder cannot be written; what stood there before is as it was.
    """
    model = _bare(model)
    known, told = card_of(model), isinstance(getattr(model, "card", None), ModelCard)
    card = replace(
        known,
        classes=known.classes if classes is None else tuple(classes),
        preprocessing=preprocessing or known.preprocessing,
        source=source or (known.source if told else SOURCE_NOT_TOLD if was_trained(model) else None),
        licence=licence or known.licence,
    )
    state = model.state_dict()
    _refuse_what_could_not_be_loaded(card, state)
    tensors = {name: tensor.cpu() for name, tensor in state.items()}
    description, place = describe(card, tensors), Path(folder)
    write_atomically(place / WEIGHTS, partial(write_weights, tensors, {HEADER: description}))
    write_content(place / DESCRIPTION, description)
    return place / WEIGHTS


def _bare(model: nn.Module) -> nn.Module:
    """The network of ours inside what torch.compile and data-parallel training put round it.

    Raises:
        ResnetlabError: there is none.
    """
    inside = unwrapped(model)
    if not isinstance(getattr(inside, "spec", None), ModelSpec):
        raise ResnetlabError(
            f"a {type(model).__name__} has no spec, so it could not be built again\n"
            "bring its weights into a network of ours first: resnetlab.weights.load_weights(ours, path)"
        )
    return inside


def _refuse_what_could_not_be_loaded(card: ModelCard, state: Mapping[str, Tensor]) -> None:
    """Pass what `load_checkpoint` would read again; a good network is not to be replaced by another."""
    assert card.spec is not None
    try:
        from_plain(ModelCard, to_plain(card))
    except CheckpointError as error:
        raise ResnetlabError(f"{card.spec.name} cannot be saved so: {error}") from error
    refuse_misfit(
        f"{card.spec.name}, as which it would be saved", misfit(build(card.spec, "meta").state_dict(), rename(state))
    )


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
    """Write a safetensors file: the same bytes for the same tensors and texts.

    Args:
        tensors: by name.
        metadata: texts for its header.
        file: its place.

    Raises:
        OSError: it cannot be written.
    """
    dense = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # The library's own save_file leaves a temporary file behind where it is stopped.
    written = safetensors.torch.save(dense, metadata={"format": "pt", **metadata})
    length = int.from_bytes(written[:LENGTH_BYTES], "little")
    header = json.loads(written[LENGTH_BYTES : LENGTH_BYTES + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))  # the library has these in any order
    told = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode().ljust(length)
    assert len(told) == length, "the same texts in another order"
    file.write_bytes(written[:LENGTH_BYTES] + told + written[LENGTH_BYTES + length :])
