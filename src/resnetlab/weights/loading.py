"""A network from a file of weights: the right one, built and filled, or a refusal that lists what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from resnetlab.core.errors import CheckpointError, WeightsError
from resnetlab.core.folders import command_of_run
from resnetlab.core.terminal import on_one_line
from resnetlab.data.class_names import imagenet_classes
from resnetlab.nn import Classifier, build
from resnetlab.specs import ModelSpec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.classes import CIFAR10
from resnetlab.specs.field_text import text_of
from resnetlab.specs.model import FIELDS_OF_TRAINING
from resnetlab.weights.conversion import fill
from resnetlab.weights.description import WEIGHTS, card_inside, read_card
from resnetlab.weights.fitting import Renamed, misfit, refuse_misfit, rename
from resnetlab.weights.huggingface import refine
from resnetlab.weights.identify import Identification, identify
from resnetlab.weights.layouts import cifar
from resnetlab.weights.reading import read_checkpoint, shows_damage
from resnetlab.weights.unwrapping import find_state, holds_only_an_average, without_prefixes

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
    held = _hold(path, ema)
    card, given = _told(held)
    assert card.spec is not None
    if card.spec.weighted_layers > len(given.tensors):
        raise CheckpointError(
            f"{held.file} describes {card.spec.weighted_layers} layers and has {len(given.tensors)} tensors\n"
            "fetch it again from where it was saved"
        )
    model = build(card.spec, "meta")
    target = model.state_dict()
    refuse_misfit(card.spec.name, misfit(target, given))
    counters = {name: torch.zeros((), dtype=torch.int64) for name in target.keys() - given.tensors.keys()}
    model.load_state_dict(counters | {name: _own(tensor) for name, tensor in given.tensors.items()}, assign=True)
    model.card = card
    model.eval()
    return model


def load_weights(model: nn.Module, path: Path | str | Mapping[str, Tensor], *, ema: bool = False) -> nn.Module:
    """Fill a network that you have, ours or one in names of a known layout, from a file in any; gives it back.

    Args:
        model: changed in place, or not at all; its training mode stays. One of ours has a card then.
        path: as of `load_checkpoint`, or a state dict that is there already.
        ema: take the moving average of the weights that is stored beside them.

    Raises:
        CheckpointError: as of `load_checkpoint`.
        WeightsError: a tensor is missing, is not expected or has another shape, all such tensors are listed; or the
            weights were saved with a network that computes otherwise.
    """
    held = _Held(Path("a state dict"), find_state(path, ema)) if isinstance(path, Mapping) else _hold(path, ema)
    spec = getattr(model, "spec", None)
    if held.saved is not None and held.saved.spec is not None and isinstance(spec, ModelSpec):
        _refuse_another_computation(spec, held.saved.spec)
    card = _card_for(model.spec, held) if isinstance(model, Classifier) else None
    fill(model, held.state, without_prefixes(held.state))
    if isinstance(model, Classifier):
        model.card = card
    return model


@dataclass(frozen=True)
class _Held:
    """What a file holds.

    Args:
        file: of weights.
        state: the tensors under the names in the file.
        saved: the card that they were saved with, where resnetlab saved them.
        remarks: what should be known of them, a sentence each.
    """

    file: Path
    state: dict[str, Tensor]
    saved: ModelCard | None = None
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's, as a text, which not every file's is."""
        return on_one_line(self.file.name)


def _hold(path: Path | str, ema: bool) -> _Held:
    file = weights_file(Path(path))
    checkpoint = read_checkpoint(file)
    flat = isinstance(checkpoint, Mapping) and all(isinstance(value, Tensor) for value in checkpoint.values())
    saved = read_card(file, checkpoint) if flat and checkpoint else None
    if saved is not None and ema:
        raise WeightsError(f"{file} holds the weights alone, without a moving average\nleave ema out")
    remarks = {
        "these are a moving average of the weights, for the file holds no others": not ema
        and holds_only_an_average(checkpoint),
        "the file was taken for whole: nothing in it would show damage": saved is None and not shows_damage(file),
    }
    told = tuple(remark for remark, holds in remarks.items() if holds)
    if saved is not None:
        return _Held(file, dict(checkpoint), saved, told)
    card, state = card_inside(checkpoint), find_state(checkpoint, ema)
    if card is None:
        return _Held(file, dict(state), None, told)
    return _Held(file, without_prefixes(state), replace(card, assumptions=(*card.assumptions, *told)), told)


def _told(held: _Held) -> tuple[ModelCard, Renamed]:
    """What is known of the network in a file, and its tensors under our names.

    Raises:
        WeightsError: as of `identify`.
    """
    if held.saved is not None and held.saved.spec is not None:
        return held.saved, rename(held.state)
    state = without_prefixes(held.state)
    found = identify(state)
    classes = _usual_classes(found)
    assumed = (*found.assumptions, *(["classes are named in the usual order of their data set"] if classes else []))
    card = ModelCard(found.spec, classes, found.preprocessing, held.name, None, (*assumed, *held.remarks))
    return refine(card, held.file), rename(state, found.layout)


def _card_for(spec: ModelSpec, held: _Held) -> ModelCard:
    """What a file tells of a network that it just filled."""
    try:
        card, _ = _told(held)
    except WeightsError:  # nothing of it could be told from the tensors alone, and the network was given
        card = ModelCard(source=held.name, assumptions=held.remarks)
    return replace(card, spec=spec)


def _refuse_another_computation(wanted: ModelSpec, saved: ModelSpec) -> None:
    """Pass where the two compute the same with the same tensors, as far as their fields tell."""
    if wanted == saved:  # the usual case, and a hundred times faster than their fields
        return
    here, there = wanted.field_values(), saved.field_values()
    differ = [
        f"{name}={text_of(value)}, here {text_of(here[name])}"
        for name, value in there.items()
        if name in here and here[name] != value and name not in FIELDS_OF_TRAINING
    ]
    if differ:
        raise WeightsError(
            f"these weights do not fit {wanted.name}, and nothing was loaded\n"
            f"they were saved with {saved.name}: {'; '.join(differ)}"
        )


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
    unfinished = path / "checkpoints" / "last.pt"
    if unfinished.is_file():
        raise CheckpointError(
            f"the run in {path} has not come to its end\ngo on with it: resnetlab {command_of_run(path, 'train')} "
            f"--resume {path}; or take the weights of the moment: {unfinished}"
        )
    raise CheckpointError(f"no weights in the folder {path}\nlooked for: {', '.join(NAMES_IN_FOLDERS)}")


def _usual_classes(found: Identification) -> tuple[str, ...] | None:
    """The names that a head of this size most likely has: ImageNet's, or in a network for small images CIFAR-10's."""
    for_cifar = found.spec.num_classes == len(CIFAR10) and found.layout in cifar.LAYOUTS
    if for_cifar:
        return CIFAR10
    return imagenet_classes() if found.spec.num_classes == 1000 and found.spec.in_channels == 3 else None


def _own(tensor: Tensor) -> Tensor:
    """Memory of our own, for what is read may be a view of the file; in at least 32 bits."""
    return tensor.to(torch.float32) if tensor.dtype in NARROW else tensor.clone()
