"""What stands beside weights on Hugging Face's hub, both ways: `config.json` and `preprocessor_config.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from resnetlab.specs.preprocessing import Interpolation, Preprocessing
from resnetlab.weights.conversion import to_hf
from resnetlab.weights.description import WEIGHTS
from resnetlab.weights.layouts import layout_for
from resnetlab.weights.saving import card_of, write_weights

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
RESAMPLING: dict[Interpolation, int] = {"nearest": 0, "bilinear": 2, "bicubic": 3}  # the numbers of Pillow
UNCROPPED = 384  # pixels from which transformers' processor of ResNets cuts nothing off


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


def hf_preprocessor(preprocessing: Preprocessing) -> dict[str, Any]:
    """The `preprocessor_config.json` that goes with it."""
    return {
        "image_processor_type": "ConvNextImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": preprocessing.size},
        "crop_pct": preprocessing.size / preprocessing.resize,
        "resample": RESAMPLING[preprocessing.interpolation],
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(preprocessing.mean),
        "image_std": list(preprocessing.std),
    }


def refine(card: ModelCard, weights: Path) -> ModelCard:
    """The card, with what the files of the hub beside the weights tell.

    Args:
        card: as the tensors alone tell it.
        weights: `model.safetensors` or `pytorch_model.bin` with `config.json` beside it; else nothing is read.

    Raises:
        CheckpointError: such a file cannot be read.
    """
    config = weights.with_name(CONFIG)
    if weights.stem not in ("model", "pytorch_model") or not config.is_file():
        return card
    told = _read(config)
    try:
        return _with_timm(card, told) if "architecture" in told else _with_transformers(card, told, weights)
    except (ResnetlabError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{config} does not describe a network as the hub's files do: {error}") from error


def preprocessing_of_timm(config: Mapping[str, Any]) -> Preprocessing:
    """What timm's `pretrained_cfg` says of the images; what it warps or pads is cut here."""
    size = int(config["input_size"][-1])
    return Preprocessing(
        size=size,
        resize=max(size, int(size / config.get("crop_pct", 0.875))),
        mean=tuple(map(float, config["mean"])),
        std=tuple(map(float, config["std"])),
        interpolation=config.get("interpolation", "bicubic"),
    )


def _with_timm(card: ModelCard, told: Mapping[str, Any]) -> ModelCard:
    config = told.get("pretrained_cfg", told)
    names = config.get("label_names")
    return replace(
        card,
        classes=tuple(names) if names else card.classes,
        preprocessing=preprocessing_of_timm(config),
        licence=config.get("license"),
        assumptions=_without("images are normalised", card.assumptions),
    )


def _with_transformers(card: ModelCard, told: Mapping[str, Any], weights: Path) -> ModelCard:
    spec, names = card.spec, told.get("id2label", {})
    if isinstance(spec, NetworkSpec) and isinstance(spec.block, Bottleneck):
        spec = spec.with_fields(stride_in="1x1" if told.get("downsample_in_bottleneck") else "3x3")
        card = replace(card, assumptions=_without("a block's stride", card.assumptions))
    classes = tuple(str(names[str(number)]) for number in range(len(names)))
    generic = all(name == f"LABEL_{number}" for number, name in enumerate(classes))
    card = replace(card, spec=spec, classes=card.classes if generic else classes)
    file = weights.with_name(PREPROCESSOR)
    if not file.is_file():
        return card
    processor = _read(file)
    size = processor["size"].get("shortest_edge", processor["size"].get("height"))
    share = processor.get("crop_pct", 0.875) if size < UNCROPPED else 1
    by_number = {number: name for name, number in RESAMPLING.items()}
    preprocessing = Preprocessing(
        size,
        int(size / share),
        tuple(map(float, processor["image_mean"])),
        tuple(map(float, processor["image_std"])),
        by_number[processor.get("resample", RESAMPLING["bilinear"])],
    )
    return replace(card, preprocessing=preprocessing, assumptions=_without("images are normalised", card.assumptions))


def _without(beginning: str, assumptions: tuple[str, ...]) -> tuple[str, ...]:
    """The assumptions but the one that begins so, which is now known."""
    return tuple(one for one in assumptions if not one.startswith(beginning))


def _write_json(told: Mapping[str, Any], file: Path) -> None:
    file.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _read(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}\nfetch it again") from error
    if not isinstance(told, dict):
        raise CheckpointError(f"{file} holds no JSON object\nfetch it again")
    return told
