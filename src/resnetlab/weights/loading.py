"""A network from a file of weights: the right one, built and filled, or a refusal that lists what differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from resnetlab.core.errors import CheckpointError
from resnetlab.data.class_names import imagenet_classes
from resnetlab.nn import Classifier, build
from resnetlab.specs.card import ModelCard
from resnetlab.specs.classes import CIFAR10
from resnetlab.weights.conversion import best_renaming
from resnetlab.weights.description import WEIGHTS, read_card
from resnetlab.weights.fitting import Renamed, fill, rename
from resnetlab.weights.huggingface import refine
from resnetlab.weights.identify import Identification, identify
from resnetlab.weights.layouts import cifar
from resnetlab.weights.reading import read_checkpoint
from resnetlab.weights.unwrapping import unwrap

NAMES_IN_FOLDERS = (WEIGHTS, "pytorch_model.bin")
NARROW = (torch.float16, torch.bfloat16)


def load_checkpoint(path: Path | str, *, ema: bool = False) -> Classifier:
    """The network whose weights a file holds, built and filled, in evaluation mode; `.card` tells what is known of it.

    Weights of 16 bits become float32, which changes no value.

    Args:
        path: a file of weights in any known container and layout, or a folder with one: ours, or Hugging Face's.
        ema: take the moving average of the weights that is stored beside them.

    Raises:
        CheckpointError: the file is damaged, not safe to read, or of no known format.
        WeightsError: no network of ours has such tensors; what differs is listed.
    """
    file = weights_file(Path(path))
    held = read_checkpoint(file)
    card = read_card(file, held) if _is_flat(held) else None
    if card is not None and card.spec is not None:
        given, known = rename(held), card
    else:
        given, known = _identified(file, unwrap(held, ema))
    assert known.spec is not None
    if known.spec.weighted_layers > len(given.tensors):
        raise CheckpointError(
            f"{file} describes {known.spec.weighted_layers} layers and has {len(given.tensors)} tensors\n"
            "fetch it again from where it was saved"
        )
    model = build(known.spec, "meta")
    fill(model, Renamed(given.names, {name: _own(tensor) for name, tensor in given.tensors.items()}), assign=True)
    model.card = known
    model.eval()
    return model


def load_weights(model: nn.Module, path: Path | str, *, ema: bool = False) -> nn.Module:
    """Fill a network that you have, ours or one in names of a known layout, from a file in any; gives it back.

    Args:
        model: changed in place, or not at all; its training mode stays.
        path: as of `load_checkpoint`.
        ema: take the moving average of the weights that is stored beside them.

    Raises:
        CheckpointError: as of `load_checkpoint`.
        WeightsError: a tensor is missing, is not expected or has another shape; all such tensors are listed.
    """
    file = weights_file(Path(path))
    held = read_checkpoint(file)
    if _is_flat(held):
        read_card(file, held)  # for its checksum
    fill(model, best_renaming(model, unwrap(held, ema)))
    return model


def weights_file(path: Path) -> Path:
    """The file of weights that a path means: itself, or the one in a folder.

    Raises:
        CheckpointError: a folder holds none.
    """
    if not path.is_dir():
        return path
    for name in NAMES_IN_FOLDERS:
        if (path / name).is_file():
            return path / name
    raise CheckpointError(f"no weights in the folder {path}\nlooked for: {', '.join(NAMES_IN_FOLDERS)}")


def _identified(file: Path, state: Mapping[str, Tensor]) -> tuple[Renamed, ModelCard]:
    """The tensors under our names, and what they and the files beside them tell."""
    found = identify(state)
    classes = _usual_classes(found)
    assumed = (*found.assumptions, *(["classes are named in the usual order of their data set"] if classes else []))
    card = ModelCard(found.spec, classes, found.preprocessing, file.name, None, assumed)
    return rename(state, found.layout), refine(card, file)


def _usual_classes(found: Identification) -> tuple[str, ...] | None:
    """The names that a head of this size most likely has: ImageNet's, or in a network for small images CIFAR-10's."""
    for_cifar = found.spec.num_classes == len(CIFAR10) and found.layout in cifar.LAYOUTS
    if for_cifar:
        return CIFAR10
    return imagenet_classes() if found.spec.num_classes == 1000 and found.spec.in_channels == 3 else None


def _is_flat(held: object) -> bool:
    return isinstance(held, Mapping) and bool(held) and all(isinstance(value, Tensor) for value in held.values())


def _own(tensor: Tensor) -> Tensor:
    """Memory of our own, for what is read may be a view of the file; in at least 32 bits."""
    return tensor.to(torch.float32) if tensor.dtype in NARROW else tensor.clone()
