"""Flags about a network that every command on images takes: they override what its card says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import tyro

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.terminal import on_one_line
from resnetlab.specs.preprocessing import IMAGENET, Interpolation, Preprocessing

if TYPE_CHECKING:
    from resnetlab.specs.card import ModelCard

OF_THE_MODEL = "(else the model's own)"
LARGEST_SIDE = 8000  # pixels: of a square as large as the largest image that is read
GREY_MEAN, GREY_STD = (0.5,), (0.5,)
LARGEST_UNCUT = 96  # pixels: networks for images of up to this size are shown them whole


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What a user says of a network's classes and of what its images go through.

    Args:
        classes: file with the class names, one a line, in the order of the network's outputs.
        size: side of the square that the network sees, pixels.
        resize: of the image's shorter side before the square is cut, pixels; with --size alone, in proportion.
        mean: of each channel, of values in [0, 1].
        std: of each channel, likewise.
        interpolation: how pixels are resampled.
    """

    classes: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint=OF_THE_MODEL)] = None
    size: Annotated[int | None, tyro.conf.arg(metavar="PIXELS", help_behavior_hint=OF_THE_MODEL)] = None
    resize: Annotated[int | None, tyro.conf.arg(metavar="PIXELS", help_behavior_hint=OF_THE_MODEL)] = None
    mean: Annotated[
        tuple[float, ...] | None, tyro.conf.arg(metavar="NUMBER [NUMBER ...]", help_behavior_hint=OF_THE_MODEL)
    ] = None
    std: Annotated[
        tuple[float, ...] | None, tyro.conf.arg(metavar="NUMBER [NUMBER ...]", help_behavior_hint=OF_THE_MODEL)
    ] = None
    interpolation: Annotated[
        str | None,
        tyro.conf.arg(metavar="{" + ",".join(get_args(Interpolation)) + "}", help_behavior_hint=OF_THE_MODEL),
    ] = None

    def __post_init__(self) -> None:
        if isinstance(self.classes, str):
            object.__setattr__(self, "classes", Path(self.classes))
        for name in ("size", "resize"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= LARGEST_SIDE:
                raise ResnetlabError(
                    f"--{name} {value} is impossible\ngive a number of pixels from 1 to {LARGEST_SIDE}"
                )
        if self.interpolation not in (None, *get_args(Interpolation)):
            allowed = ", ".join(get_args(Interpolation))
            raise ResnetlabError(f"--interpolation {self.interpolation} is impossible\ngive one of {allowed}")
        for name in ("mean", "std"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, tuple(value))

    def apply(self, card: ModelCard, usual: Preprocessing | None = None) -> ModelCard:
        """The card with preprocessing and class names filled in; what had to be assumed is added to its assumptions.

        Args:
            card: what is known of the network.
            usual: what the data at hand usually goes through, taken where the card says nothing.

        Raises:
            ResnetlabError: the flags contradict each other or the network.
        """
        known = card.preprocessing or usual or assumed_preprocessing(card)
        how = self._override(known)
        assumptions = card.assumptions
        if card.preprocessing is None and {self.size, self.mean, self.std} & {None}:
            assumptions = (*assumptions, f"nothing tells its preprocessing; taken: {preprocessing_text(how)}")
        classes = self._read_classes() or card.classes
        if card.spec is not None:
            check_class_count(classes, card.spec.num_classes)
        return replace(card, preprocessing=how, classes=classes, assumptions=assumptions)

    def _override(self, known: Preprocessing) -> Preprocessing:
        given: dict[str, Any] = {
            name: value
            for name in ("size", "resize", "mean", "std", "interpolation")
            if (value := getattr(self, name)) is not None
        }
        if self.size is not None and self.resize is None:
            given["resize"] = round(self.size * known.resize / known.size)
        for name, other in (("mean", self.std), ("std", self.mean)):
            held = getattr(known, name)
            if other is not None and name not in given and len(other) != len(held):
                raise ResnetlabError(f"--mean and --std differ in length: give --{name} with {len(other)} numbers too")
        return replace(known, **given)

    def _read_classes(self) -> tuple[str, ...] | None:
        if self.classes is None:
            return None
        try:
            lines = self.classes.read_text(encoding="utf-8-sig").splitlines()  # some editors put a mark first
        except (
            OSError,
            ValueError,
        ) as error:  # a ValueError that is no UnicodeDecodeError: its name holds a zero byte
            reason = (
                "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", error)
            )
            raise ResnetlabError(
                f"--classes {on_one_line(self.classes)} cannot be read: {reason}\n"
                "give a file with a class name on each line"
            ) from error
        return tuple(line.strip() for line in lines if line.strip())


def check_class_count(classes: Sequence[str] | None, outputs: int) -> None:
    """Refuse names that are not one for each output of the network.

    Raises:
        ResnetlabError: there are more or fewer.
    """
    if classes is not None and len(classes) != outputs:
        raise ResnetlabError(
            f"{len(classes)} class names are given, and the network has {outputs} outputs\n"
            "give --classes a file with one name for each output, in their order"
        )


def preprocessing_text(how: Preprocessing) -> str:
    """In a line, in the words of the flags that change it.

    >>> preprocessing_text(IMAGENET)
    '--size 224 --resize 256 --mean 0.485 0.456 0.406 --std 0.229 0.224 0.225 --interpolation bilinear'
    """
    mean, std = (" ".join(f"{value:.4g}" for value in values) for values in (how.mean, how.std))
    return f"--size {how.size} --resize {how.resize} --mean {mean} --std {std} --interpolation {how.interpolation}"


def assumed_preprocessing(card: ModelCard) -> Preprocessing:
    """What images most likely go through where nobody says: ImageNet's way at the network's own size."""
    if card.spec is None:
        return IMAGENET
    size, grey = card.spec.input_size, card.spec.in_channels == 1
    resize = size if size <= LARGEST_UNCUT else round(size * IMAGENET.resize / IMAGENET.size)
    mean, std = (GREY_MEAN, GREY_STD) if grey else (IMAGENET.mean, IMAGENET.std)
    return Preprocessing(size, resize, mean, std)
