"""What files of the hub say of images, in our words and back: transformers' processors, timm's `pretrained_cfg`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.specs.preprocessing import Interpolation, Preprocessing

RESAMPLING: dict[Interpolation, int] = {"nearest": 0, "bilinear": 2, "bicubic": 3}  # the numbers of Pillow
BY_NUMBER = {number: name for name, number in RESAMPLING.items()}
UNCROPPED = 384  # pixels from which transformers' processor of ResNets cuts nothing off
USUAL_SHARE = 0.875  # of the shorter side that is left by the cut, in timm and in transformers
HALF = (0.5, 0.5, 0.5)  # transformers' mean and std where a file tells none
ROUNDING = 1e-6  # of a written 1/255
WARPED = "the whole image is warped to a square where these weights come from; here its centre square is cut"


@dataclass(frozen=True)
class Processor:
    """One of transformers' image processors, by what it does where a file is silent.

    Args:
        size: shorter side of what the network sees, pixels.
        resample: a number of Pillow's.
        cuts: the centre square is cut out; else the whole image is warped to a square.
    """

    size: int
    resample: int
    cuts: bool


PROCESSORS = {"ConvNext": Processor(384, 3, cuts=True), "ViT": Processor(224, 2, cuts=False)}
"""By the beginnings of their names; the first is that of ResNets and RegNets."""
ENDINGS = ("ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor")
NAMED_BY = ("image_processor_type", "feature_extractor_type")


def hf_preprocessor(preprocessing: Preprocessing) -> dict[str, Any]:
    """The `preprocessor_config.json` that makes transformers prepare images so."""
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


def preprocessing_of_transformers(told: Mapping[str, Any]) -> tuple[Preprocessing, tuple[str, ...]]:
    """What a `preprocessor_config.json` says of the images, and what of it is done otherwise here, a sentence each.

    Args:
        told: its entries; one that is missing or null is as transformers has it.

    Raises:
        ResnetlabError: it asks for what is not done here.
    """
    said = {name: value for name, value in told.items() if value is not None}
    name = str(next((said[key] for key in NAMED_BY if key in said), "ConvNextImageProcessor"))
    known = {beginning + ending: one for beginning, one in PROCESSORS.items() for ending in ENDINGS}
    if name not in known:
        raise ResnetlabError(f"its processor is {name}; read are those of {', '.join(PROCESSORS)}")
    _refuse_other_steps(said)
    processor = known[name]
    size = _side(said.get("size", processor.size))
    cuts = processor.cuts and size < UNCROPPED
    normalised = said.get("do_normalize", True)
    preprocessing = Preprocessing(
        size,
        int(size / said.get("crop_pct", USUAL_SHARE)) if cuts else size,
        _numbers(said.get("image_mean", HALF)) if normalised else (0.0, 0.0, 0.0),
        _numbers(said.get("image_std", HALF)) if normalised else (1.0, 1.0, 1.0),
        BY_NUMBER[said.get("resample", processor.resample)],
    )
    return preprocessing, () if cuts else (WARPED,)


def preprocessing_of_timm(config: Mapping[str, Any]) -> Preprocessing:
    """What timm's `pretrained_cfg` says of the images; what it warps or pads is cut here."""
    size = int(config["input_size"][-1])
    return Preprocessing(
        size=size,
        resize=max(size, int(size / (USUAL_SHARE if (share := config.get("crop_pct")) is None else share))),
        mean=_numbers(config["mean"]),
        std=_numbers(config["std"]),
        interpolation=config.get("interpolation", "bicubic"),
    )


def _refuse_other_steps(said: Mapping[str, Any]) -> None:
    """Pass where images are resized, brought to [0, 1], and nothing else is done to them than is done here.

    Raises:
        ResnetlabError: names the entry.
    """
    wrong = [name for name in ("do_resize", "do_rescale") if not said.get(name, True)]
    wrong += [name for name in ("do_center_crop", "do_pad", "do_reduce_labels") if said.get(name, False)]
    if abs(said.get("rescale_factor", 1 / 255) * 255 - 1) > ROUNDING:
        wrong.append("rescale_factor")
    if wrong:
        raise ResnetlabError(", ".join(f"{name}={said[name]!r}" for name in wrong) + " is not done here")


def _side(size: object) -> int:
    """The side of the square, from a number, or from sides by name."""
    if isinstance(size, Mapping):
        sides = {int(size[name]) for name in ("shortest_edge", "height", "width") if size.get(name) is not None}
        if len(sides) != 1:
            raise ResnetlabError(f"size={dict(size)!r} is no square")
        return sides.pop()
    if not isinstance(size, int):
        raise ResnetlabError(f"size={size!r} is no number of pixels")
    return size


def _numbers(told: Any) -> tuple[float, ...]:
    return tuple(map(float, told))
