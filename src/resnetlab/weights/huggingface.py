"""What stands beside weights on Hugging Face's hub, both ways: `config.json` and `preprocessor_config.json`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.core.files import write_atomically
from resnetlab.specs import ModelSpec, NetworkSpec
from resnetlab.specs.card import ModelCard
from resnetlab.specs.parts import Bottleneck, RegNetBottleneck
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.weights.conversion import to_hf
from resnetlab.weights.description import LONGEST, WEIGHTS
from resnetlab.weights.equal_in_timm import refuse_unequal
from resnetlab.weights.image_processors import (
    hf_preprocessor,
    preprocessing_of_timm,
    preprocessing_of_transformers,
)
from resnetlab.weights.layouts import layout_for
from resnetlab.weights.saving import card_of, write_weights

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
STRIDE_FIRST = {"resnet": False, "regnet": True}
"""Whether the first stage halves the image, in transformers' networks whose file does not tell."""
OF_THE_NETWORK = ("the stem has", "a block's stride", "the activation is", "batch norms", "no blur")
"""Beginnings of assumptions of `identify` that a network's name settles."""


def save_for_hf(model: nn.Module, folder: Path | str) -> Path:
    """Write a network of ours as transformers reads it: `AutoModelForImageClassification.from_pretrained(folder)`.

    Args:
        model: a network that transformers has, see `to_hf`; its card tells classes and preprocessing.
        folder: made where it is not there.

    Raises:
        WeightsError: transformers has no such network.
        OutputError: the folder cannot be written.
    """
    place, card, tensors = Path(folder), card_of(model), to_hf(model)
    assert card.spec is not None
    written = {CONFIG: hf_config(card.spec, card.classes)}
    if card.preprocessing is not None:
        written[PREPROCESSOR] = hf_preprocessor(card.preprocessing)
    for name, told in written.items():
        write_atomically(place / name, partial(_write_json, told))
    write_atomically(place / WEIGHTS, partial(write_weights, tensors, {}))
    return place


def hf_config(spec: ModelSpec, classes: tuple[str, ...] | None = None) -> dict[str, Any]:
    """The `config.json` of transformers' network that computes as this one does.

    Args:
        spec: of a network that transformers has, see `to_hf`.
        classes: names in the order of the head's outputs.

    Raises:
        WeightsError: transformers has no such network.
    """
    layout_for("transformers", spec)
    assert isinstance(spec, NetworkSpec)
    block, stages = spec.block, spec.stages
    config: dict[str, Any] = {
        "num_channels": spec.in_channels,
        "embedding_size": spec.stem.width,
        "hidden_sizes": [width * block.expansion for width in stages.widths],
        "depths": list(stages.depths),
        "hidden_act": block.activation,
    }
    if isinstance(block, RegNetBottleneck):
        kind = "y" if block.squeeze else "x"
        config |= {"model_type": "regnet", "architectures": ["RegNetForImageClassification"], "layer_type": kind}
        config |= {"groups_width": block.group_width, "downsample_in_first_stage": True}
    else:
        strided_first = isinstance(block, Bottleneck) and block.stride_in == "1x1"
        kind = "bottleneck" if isinstance(block, Bottleneck) else "basic"
        config |= {"model_type": "resnet", "architectures": ["ResNetForImageClassification"], "layer_type": kind}
        config |= {"downsample_in_first_stage": False, "downsample_in_bottleneck": strided_first}
    names = classes or tuple(f"LABEL_{number}" for number in range(spec.num_classes))
    return config | {
        "id2label": {str(number): name for number, name in enumerate(names)},
        "label2id": {name: number for number, name in enumerate(names)},
    }


def refine(card: ModelCard, weights: Path) -> ModelCard:
    """The card, with what the files of the hub beside the weights tell.

    Args:
        card: as the tensors alone tell it.
        weights: `model.safetensors` or `pytorch_model.bin` with `config.json` beside it; else nothing is read.

    Raises:
        CheckpointError: such a file cannot be read.
    """
    config, processor = weights.with_name(CONFIG), weights.with_name(PREPROCESSOR)
    if weights.stem not in ("model", "pytorch_model") or not config.is_file():
        return card
    with _read(config) as told:
        if "architecture" in told:
            return _with_timm(card, told)
        card = _with_transformers(card, told)
    if not processor.is_file():
        return card
    with _read(processor) as told:
        preprocessing, remarks = preprocessing_of_transformers(told)
        return _with_images(card, preprocessing, remarks)


def _with_timm(card: ModelCard, told: Mapping[str, Any]) -> ModelCard:
    assert card.spec is not None
    refuse_unequal(card.spec, told)
    config = told.get("pretrained_cfg", told)
    names = config.get("label_names")
    card = replace(card, classes=tuple(names) if names else card.classes, licence=config.get("license"))
    known = card.assumptions  # what the network's name tells
    for beginning in OF_THE_NETWORK:
        known = _without(beginning, known)
    return _with_images(replace(card, assumptions=known), preprocessing_of_timm(config))


def _with_transformers(card: ModelCard, told: Mapping[str, Any]) -> ModelCard:
    names = told.get("id2label") or {}
    classes = tuple(str(names[str(number)]) for number in range(len(names)))
    generic = all(name == f"LABEL_{number}" for number, name in enumerate(classes))
    card = replace(card, classes=card.classes if generic else classes)
    spec, kind = card.spec, told.get("model_type")
    if not isinstance(spec, NetworkSpec) or kind not in STRIDE_FIRST:
        return card
    if told.get("hidden_act", "relu") != spec.block.activation:
        raise ResnetlabError(f"its hidden_act is {told['hidden_act']!r}; built is {spec.block.activation}")
    strided = told.get("downsample_in_first_stage", STRIDE_FIRST[kind])
    spec = spec.with_fields(first_stride=2 if strided else 1)
    if isinstance(spec.block, Bottleneck):
        spec = spec.with_fields(stride_in="1x1" if told.get("downsample_in_bottleneck") else "3x3")
        card = replace(card, assumptions=_without("a block's stride", card.assumptions))
    return replace(card, spec=spec)


def _with_images(card: ModelCard, preprocessing: Preprocessing, remarks: tuple[str, ...] = ()) -> ModelCard:
    known = _without("images are normalised", card.assumptions)
    return replace(card, preprocessing=preprocessing, assumptions=(*known, *remarks))


def _without(beginning: str, assumptions: tuple[str, ...]) -> tuple[str, ...]:
    """The assumptions but the one that begins so, which is now known."""
    return tuple(one for one in assumptions if not one.startswith(beginning))


def _write_json(told: Mapping[str, Any], file: Path) -> None:
    file.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _read(file: Path) -> Iterator[dict[str, Any]]:
    """What a file tells; whatever is wrong with it, found here or while it is used inside, is said of this file.

    Raises:
        CheckpointError: it cannot be read, or does not tell what the hub's files do.
    """
    try:
        if file.stat().st_size > LONGEST:
            raise ResnetlabError(f"it is longer than {LONGEST} bytes")
        told = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(told, dict):
            raise ResnetlabError("it holds no JSON object")
        yield told
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}\nlet it be read, or fetch it again") from error
    except CheckpointError:
        raise
    except (
        ResnetlabError,
        LookupError,
        ArithmeticError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:
        reason = str(error) if isinstance(error, ResnetlabError) else f"{type(error).__name__}: {error}"
        first, *more = reason.splitlines()[:2]
        remedy = more[0] if more else "fetch it again; without this file beside them the weights are read alone"
        raise CheckpointError(f"{file} does not describe a network that can be had here: {first}\n{remedy}") from error
