"""Tensors put into a network under its own names: all of them, or none and a list of what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from resnetlab.core.errors import WeightsError
from resnetlab.nn import Classifier
from resnetlab.weights.layouts import Layout

COUNTER = ".num_batches_tracked"  # older files have none; nothing that is computed depends on it
MOST_NAMED, MOST_PARTS = 40, 12  # in a message: tensors one by one, else parts of the network
REAL_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
WHOLE_TYPES = (torch.int16, torch.int32, torch.int64)


@dataclass(frozen=True)
class Renamed:
    """A state dict under other names.

    Args:
        names: the new name of every old one.
        tensors: by new name, in the shape that goes with it.
    """

    names: Mapping[str, str]
    tensors: Mapping[str, Tensor]


def rename(state: Mapping[str, Tensor], source: Layout | None = None, target: Layout | None = None) -> Renamed:
    """A state dict from one layout in another; None stands for our own names, or for leaving them."""
    ours = {key: source.our_name(key) if source else key for key in state}
    names = {key: target.their_name(name) if target else name for key, name in ours.items()}
    tensors = {}
    for key, name in ours.items():
        tensor = source.our_value(name, state[key]) if source else state[key]
        tensors[names[key]] = target.their_value(name, tensor) if target else tensor
    return Renamed(names, tensors)


def misfit(target: Mapping[str, Tensor], given: Renamed, *, of_shapes_only: bool = False) -> dict[str, list[str]]:
    """What keeps tensors from a network: names by fault, none where all fit.

    Args:
        target: the state dict of the network that is to be filled.
        given: under the names that the network has.
        of_shapes_only: what kind of numbers tensors hold, and whether they hold any, does not matter.
    """
    theirs = {name: key for key, name in given.names.items()}
    wrong = {
        name: f"{theirs[name]} ({reason})"
        for name, tensor in given.tensors.items()
        if name in target and (reason := _difference(tensor, target[name], of_shapes_only))
    }
    faults = {
        "missing": [name for name in target if name not in given.tensors and not name.endswith(COUNTER)],
        "unexpected": [key for key, name in given.names.items() if name not in target],
        "given twice": [key for key, name in given.names.items() if theirs[name] != key],
        "of another shape": [wrong[name] for name in target if name in wrong],
    }
    return {fault: keys for fault, keys in faults.items() if keys}


def refuse_misfit(name: str, faults: Mapping[str, list[str]]) -> None:
    """Pass where nothing is wrong.

    Raises:
        WeightsError: lists every tensor at fault; where they are many, its note does, and its message counts them.
    """
    if faults:
        told, listed = (
            "; ".join(f"{fault}: {said(keys)}" for fault, keys in faults.items()) for said in (_in_short, ", ".join)
        )
        refusal = WeightsError(f"these weights do not fit {name}, and nothing was loaded\n{told}")
        if told != listed:
            refusal.add_note(listed)
        raise refusal


def extent(refusal: WeightsError) -> int:
    """How much a refusal has to say, its notes with it: of the network that comes nearest it is the least."""
    return sum(map(len, (str(refusal), *getattr(refusal, "__notes__", ()))))


def _in_short(keys: Sequence[str]) -> str:
    """All of a few names; of many the first, and how many there are in each part of the network.

    >>> _in_short([f"layer{stage}.0.bn1.weight" for stage in (1, 2, 2)] * 20)
    '60, as layer1.0.bn1.weight; in layer1 (20), layer2 (40)'
    """
    if len(keys) <= MOST_NAMED:
        return ", ".join(keys)
    for depth in (3, 2, 1):
        parts = Counter(".".join(key.partition(" ")[0].split(".")[:-1][:depth]) or key for key in keys)
        if len(parts) <= MOST_PARTS:
            break
    shown = [f"{part} ({count})" for part, count in list(parts.items())[:MOST_PARTS]]
    more = [f"and {len(parts) - MOST_PARTS} more"] if len(parts) > MOST_PARTS else []
    return f"{len(keys)}, as {keys[0]}; in {', '.join([*shown, *more])}"


@torch.no_grad()
def put(model: nn.Module, target: Mapping[str, Tensor], given: Renamed) -> None:
    """Copy tensors that fit into a network.

    Args:
        model: changed in place.
        target: its state dict.
        given: without misfit.

    Raises:
        WeightsError: the network was made without memory.
    """
    if any(tensor.is_meta for tensor in target.values()):
        raise WeightsError(f"{name_of(model)} is on the meta device, without memory for weights\nbuild it on another")
    counters = {name: torch.zeros_like(target[name]) for name in target.keys() - given.tensors.keys()}
    tensors = counters | dict(given.tensors)
    if isinstance(model, Classifier):
        # faster than load_state_dict, which goes through every module, or a copy after the other from Python
        torch._foreach_copy_(list(target.values()), [tensors[name] for name in target])
    else:
        model.load_state_dict(tensors)


def name_of(model: nn.Module) -> str:
    """A network's name in the zoo, or that of its class."""
    return str(getattr(getattr(model, "spec", None), "name", type(model).__name__))


def _difference(given: object, wanted: Tensor, of_shapes_only: bool) -> str:
    """Why a tensor cannot take the place of another, in words; empty where it can."""
    if not isinstance(given, Tensor):
        return f"{type(given).__name__}, here {_sides(wanted)}"
    kind = "" if of_shapes_only else _odd_kind(given, wanted)
    return f"{_sides(given)}{kind}, here {_sides(wanted)}" if kind or given.shape != wanted.shape else ""


def _odd_kind(given: Tensor, wanted: Tensor) -> str:
    """What makes a tensor unfit whatever its shape."""
    if given.layout != torch.strided or given.is_quantized:
        return f" {'quantised' if given.is_quantized else 'sparse'}"
    if given.dtype != wanted.dtype and given.dtype not in (REAL_TYPES if wanted.is_floating_point() else WHOLE_TYPES):
        return f" of {str(given.dtype).removeprefix('torch.')}"
    if given.is_meta:
        return " without values"
    incomplete = given.numel() * given.itemsize > given.untyped_storage().nbytes()
    return " of which fewer values are stored" if incomplete else ""


def _sides(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"
