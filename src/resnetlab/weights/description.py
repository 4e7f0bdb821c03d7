"""What is written of a network beside its numbers, and the checksum that holds both together.

`model.json` is strict: `format`, the fields of a `ModelCard`, and `hash`, a checksum of these and of every tensor with
its name, type and shape. The same text stands in the header of the weights, so that they tell all by themselves; and
where a save was stopped between the two files, the text whose hash is right for the weights is the one that holds.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import xxhash
from safetensors import SafetensorError, safe_open
from torch import Tensor

from resnetlab.core.errors import CheckpointError
from resnetlab.specs.card import ModelCard
from resnetlab.specs.plain import from_plain, to_plain

WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"
FORMAT = "resnetlab model 1"
CARD = "card"  # under this name a training's checkpoint holds the card, as plain values
HEADER = "resnetlab"  # under this name the header of the weights holds the description
SIGNS = ("resnetlab", "xxh3_128:", '"preprocessing"')  # by which a description is known whose name is spoiled
LONGEST = 16 * 2**20  # bytes of a description


def describe(card: ModelCard, tensors: Mapping[str, Tensor]) -> str:
    """The text of `model.json`."""
    told = {"format": FORMAT, **to_plain(card)}
    return json.dumps(told | {"hash": fingerprint(told, tensors)}, ensure_ascii=False, indent=2) + "\n"


def fingerprint(told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """A checksum of a description and of every tensor with its name, type and shape: XXH3 of 128 bits.

    It runs at the speed of memory, which is why every load can check it. It finds damage, not malice.
    """
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))  # as safetensors lays them out
    layout = [(name, str(tensors[name].dtype), tuple(tensors[name].shape)) for name in order]
    checksum = xxhash.xxh3_128(json.dumps([told, layout], sort_keys=True).encode())
    held = [tensors[name].contiguous() for name in order]
    for address, length in _stretches(held):
        checksum.update((ctypes.c_char * length).from_address(address))
    return f"xxh3_128:{checksum.hexdigest()}"


def _stretches(tensors: Iterable[Tensor]) -> list[tuple[int, int]]:
    """Address and length, bytes, of the memory that contiguous tensors fill; neighbours are one, and quicker to read.

    >>> import torch
    >>> whole = torch.zeros(8)
    >>> [length for _, length in _stretches([whole[:2], whole[2:4], whole[6:]])]
    [16, 8]
    """
    stretches: list[tuple[int, int]] = []
    for tensor in tensors:
        address, length = tensor.data_ptr(), tensor.nbytes
        if stretches and sum(stretches[-1]) == address:
            address, length = stretches[-1][0], stretches.pop()[1] + length
        if length:
            stretches.append((address, length))
    return stretches


def read_card(weights: Path, tensors: Mapping[str, Tensor]) -> ModelCard | None:
    """The card that was saved with these weights, once their checksum is found right; None where there is none.

    Args:
        weights: their file; beside `model.safetensors`, `model.json` is read first.
        tensors: what was read from it.

    Raises:
        CheckpointError: the weights are not those that were saved, or no description is of the strict form.
    """
    beside = weights.with_name(DESCRIPTION)
    places: dict[str, Callable[[], str | None]] = {f"the header of {weights}": lambda: _header(weights)}
    if weights.name == WEIGHTS and beside.exists():
        places = {str(beside): lambda: _text(beside)} | places
    refusals: list[CheckpointError] = []
    for place, read in places.items():
        try:
            text = read()
            if text is not None:
                card = _parse(text, place, weights, tensors)
                aside = f"{beside.name} beside the weights is not theirs, so what their header tells was taken"
                return replace(card, assumptions=(*card.assumptions, aside)) if refusals else card
        except CheckpointError as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]
    return None


def card_inside(checkpoint: object) -> ModelCard | None:
    """The card in a training's checkpoint, beside its tensors; None where there is none that can be read."""
    told = checkpoint.get(CARD) if isinstance(checkpoint, Mapping) else None
    try:
        return from_plain(ModelCard, told) if isinstance(told, Mapping) else None
    except CheckpointError:  # somebody else's, under the same name
        return None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LONGEST:
            raise CheckpointError(f"{file} is longer than {LONGEST} bytes\nit is no description of a network")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}\nfetch or copy it again") from error


def _header(weights: Path) -> str | None:
    """The description in the header of a safetensors file."""
    try:
        with safe_open(weights, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError):  # another container, which has no such header
        return None
    if HEADER not in metadata and any(sign in text for sign in SIGNS for text in (*metadata, *metadata.values())):
        raise CheckpointError(f"{weights} is damaged: the name of its description is spoiled\nfetch or copy it again")
    return metadata.get(HEADER)


def _parse(text: str, place: str, weights: Path, tensors: Mapping[str, Tensor]) -> ModelCard:
    """The card that a description tells, if it is strict and its hash is right for these tensors."""
    try:
        told = json.loads(text, object_pairs_hook=_without_twins, parse_constant=_refuse_constant)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise CheckpointError(f"its format is not {FORMAT!r}")
        said = told.pop("hash", None)
        card = from_plain(ModelCard, {name: value for name, value in told.items() if name != "format"})
    except (CheckpointError, ValueError, RecursionError) as error:
        reason = str(error).replace("\n", "; ")
        raise CheckpointError(f"{place} does not describe a network: {reason}\nsave the network anew") from error
    if said != (found := fingerprint(told, tensors)):
        raise CheckpointError(
            f"{weights} is damaged: checksum error: {place} tells the hash {str(said)[:48]}, found is {found}\n"
            "fetch or copy both again; what was changed by hand must be saved anew"
        )
    return card


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError(f"a name stands twice among {', '.join(name for name, _ in pairs)[:200]}")
    return told


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")
