"""Tensors put into a network under its own names: all of them, or none and a list of what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from resnetlab.core.errors import WeightsError
from resnetlab.nn import Classifier
from resnetlab.weights.layouts import Layout

COUNTER = ".num_batches_tracked"  # older files have none; nothing that is computed depends on it


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


def misfit(model: nn.Module, given: Renamed, *, of_shapes_only: bool = False) -> dict[str, list[str]]:
    """What keeps tensors from a network: names by fault, none where all fit.

    Args:
        model: what is to be filled.
        given: under the names that the model has.
        of_shapes_only: whether tensors hold values does not matter.
    """
    target = model.state_dict()
    theirs = {name: key for key, name in given.names.items()}
    wrong = {
        name: f"{theirs[name]} ({_in_words(tensor, of_shapes_only)}, here {_in_words(target[name], of_shapes_only)})"
        for name, tensor in given.tensors.items()
        if name in target and not _alike(tensor, target[name], of_shapes_only)
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
        WeightsError: lists every tensor at fault.
    """
    if faults:
        listed = "; ".join(f"{fault}: {', '.join(keys)}" for fault, keys in faults.items())
        raise WeightsError(f"these weights do not fit {name}, and nothing was loaded\n{listed}")


@torch.no_grad()
def fill(model: nn.Module, given: Renamed, *, assign: bool = False) -> None:
    """Put tensors into a network, once it is sure that all of them fit.

    Args:
        model: changed in place, or not at all.
        given: under the names that the model has.
        assign: the model, made without memory, takes the tensors themselves instead of their values.

    Raises:
        WeightsError: lists every tensor at fault.
    """
    refuse_misfit(name_of(model), misfit(model, given, of_shapes_only=assign))
    target = model.state_dict()
    tensors = dict(given.tensors)
    for name in target.keys() - tensors.keys():  # counters, which older files have not
        tensors[name] = torch.zeros_like(target[name], device="cpu" if assign else None)
    if isinstance(model, Classifier) and not assign:
        for name, tensor in target.items():  # a third faster than load_state_dict, which goes through every module
            tensor.copy_(tensors[name])
    else:
        model.load_state_dict(tensors, assign=assign)


def name_of(model: nn.Module) -> str:
    """A network's name in the zoo, or that of its class."""
    return str(getattr(getattr(model, "spec", None), "name", type(model).__name__))


def _alike(given: object, wanted: Tensor, of_shapes_only: bool) -> bool:
    if not isinstance(given, Tensor) or given.shape != wanted.shape:
        return False
    return of_shapes_only or not (given.is_meta or wanted.is_meta)


def _in_words(value: object, ignore_values: bool = False) -> str:
    """A tensor's shape in words; what is no tensor, or holds no values, is told apart."""
    if not isinstance(value, Tensor):
        return type(value).__name__
    shape = "×".join(map(str, value.shape)) or "a number"
    return f"{shape} without values" if value.is_meta and not ignore_values else shape
