"""The images of a diagnosis: some of the data's, made to fit the network, and every change of them said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from resnetlab.actions.diagnosing.memory import refuse_too_many_images
from resnetlab.actions.diagnosing.settings import DiagnoseSettings
from resnetlab.core.errors import ResnetlabError
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.preprocess import cut, fit_channels, normalise
from resnetlab.specs.preprocessing import Preprocessing

LARGEST = 512  # pixels: no network is tried on more
Labelled = LabelledImages | Iterable[tuple[Tensor, Tensor]]
"""Images that are read by number, or batches of them, normalised, as a loader gives them."""


@dataclass(frozen=True, eq=False)
class FittedImages:
    """Images that the network takes.

    Args:
        images: (N, C, H, W), float, normalised.
        labels: (N,) as the data numbers its classes.
        remarks: what was done to them, a sentence each.
        how: what they went through; None for those that came normalised.
    """

    images: Tensor
    labels: Tensor
    remarks: tuple[str, ...]
    how: Preprocessing | None = None


def drawn_images(
    data: LabelledImages, how: Preprocessing, asked: DiagnoseSettings, fails: Callable[[int, int], str]
) -> FittedImages:
    """Some of the data's images, drawn by the seed, as the network takes them.

    Args:
        data: of which.
        how: what they go through, in as many channels as the network takes.
        asked: how many, and what must not be done to them.
        fails: why the network does not run on images of so many channels and pixels a side; "" where it does.

    Raises:
        ResnetlabError: there is none, the memory will not do, or what is forbidden would be needed.
        ImageError: one cannot be read.
    """
    if not len(data):
        raise ResnetlabError(f"{data.name} has no {data.split} images\ngive other data, or another --split")
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(asked.seed))[: asked.images].tolist()
    fitted, remarks = _fitted_way(how, data, asked, fails)
    refuse_too_many_images(len(order), fitted)
    squares, greys = [], set()
    for number in order:  # one photograph at a time: together they may be larger than the memory
        image = data.read(number)
        greys.add(image.shape[0])
        squares.append(cut(image, fitted))
    remarks += _channels_said(sorted(greys - {fitted.channels}), fitted.channels, asked)
    images = normalise(torch.stack(squares), fitted)
    few = () if len(order) >= asked.images else (f"the data has {len(order)} {data.split} images, and all are used",)
    labels = torch.tensor([data.labels[number] for number in order])
    return FittedImages(images, labels, (*data.remarks, *remarks, *few), fitted)


def loaded_images(
    batches: Iterable[tuple[Tensor, Tensor]],
    channels: int | None,
    asked: DiagnoseSettings,
    fails: Callable[[int, int], str],
) -> FittedImages:
    """The first images that a loader gives, as the network takes them.

    Args:
        batches: of images (N, C, H, W), normalised, with labels (N,).
        channels: that the network takes; None where it does not tell, and takes those of the images.
        asked: how many, and what must not be done to them.
        fails: why the network does not run on images of so many channels and pixels a side; "" where it does.

    Raises:
        ResnetlabError: it gives none, or something else, or what is forbidden would be needed.
    """
    taken = list(_first(batches, asked.images))
    if not any(len(one) for one, _ in taken):
        raise ResnetlabError("the loader ended before it gave one image\ngive data that can be gone through again")
    images = torch.cat([one for one, _ in taken])[: asked.images]
    labels = torch.cat([one for _, one in taken])[: asked.images].long()
    ended = f"the loader ended after {len(images)} images, of {asked.images} that were asked for; all are used"
    remarks: tuple[str, ...] = (ended,) if len(images) < asked.images else ()
    images = images.float() if not images.is_floating_point() else images
    channels = channels or images.shape[1]
    if images.shape[1] != channels:
        remarks += _channels_said([images.shape[1]], channels, asked)
        images = fit_channels(images, channels)
    height, width = images.shape[-2:]
    side = min(height, width)
    size = smallest_size(side, channels, fails) if fails(channels, side) else side
    if size != side:
        larger = round(height * size / side), round(width * size / side)
        remarks += _size_said((height, width), larger, "the smallest that the network takes", asked)
        images = F.interpolate(images, size=larger, mode="bilinear", antialias=True)
    return FittedImages(images, labels, remarks)


def smallest_size(start: int, channels: int, fails: Callable[[int, int], str]) -> int:
    """The smallest side above one that fails on which a network runs.

    Args:
        start: a side on which it does not run.
        channels: of the images.
        fails: why it does not run; "" where it does.

    Raises:
        ResnetlabError: it runs on none up to the largest that is tried.
    """
    usual = (8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 299, 384, 448, LARGEST)
    below, reason = start, ""
    for side in (side for side in usual if side > start):
        if reason := fails(channels, side):
            below = side
            continue
        while side - below > 1:  # a network that takes only one size keeps it
            middle = (side + below) // 2
            side, below = (side, middle) if fails(channels, middle) else (middle, below)
        return side
    raise ResnetlabError(
        f"the network runs on no image of {channels} channels, from {start}×{start} to {LARGEST}×{LARGEST} pixels: "
        f"{reason}\ngive a module that takes one batch of images; --size sets the side it takes"
    )


def _fitted_way(
    how: Preprocessing, data: LabelledImages, asked: DiagnoseSettings, fails: Callable[[int, int], str]
) -> tuple[Preprocessing, tuple[str, ...]]:
    """The preprocessing in a size that the network takes, and what is said of it."""
    own = data.own.size if data.own is not None else None
    if asked.size is None and fails(how.channels, how.size):
        size = smallest_size(how.size, how.channels, fails)
        why = "the smallest that the network takes"
        return replace(how, size=size, resize=size), _size_said((how.size, how.size), (size, size), why, asked)
    if asked.size is None and own is not None and own < how.size:
        return how, _size_said((own, own), (how.size, how.size), "as the network was made for", asked)
    return how, ()


def _size_said(was: tuple[int, int], size: tuple[int, int], why: str, asked: DiagnoseSettings) -> tuple[str, ...]:
    small, large = ("×".join(map(str, one)) for one in (was, size))
    if asked.keep_size:
        raise ResnetlabError(
            f"images of {small} pixels would have to be enlarged to {large}, and --keep-size forbids it\n"
            "leave it out, or give a network for smaller images"
        )
    return (f"images of {small} pixels are enlarged to {large}, {why}",)


def _channels_said(others: list[int], channels: int, asked: DiagnoseSettings) -> tuple[str, ...]:
    if not others:
        return ()
    kind, done = ("grey", "repeated in three channels") if channels == 3 else ("colour", "turned grey")
    if not {*others, channels} <= {1, 3}:
        raise ResnetlabError(
            f"the network takes images of {channels} channels, and the data has {others[0]}\n"
            "only grey and colour images are turned into each other"
        )
    if asked.keep_channels:
        raise ResnetlabError(
            f"{kind} images would have to be {done}, and --keep-channels forbids it\n"
            f"leave it out, or give a network of {others[0]} input channels"
        )
    return (f"{kind} images are {done}, as the network takes them",)


def _first(batches: Iterable[Any], count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches until there are enough images.

    Raises:
        ResnetlabError: it gives something else than images with labels.
    """
    seen, first = 0, None
    for batch in batches:
        pair = batch if isinstance(batch, tuple | list) and len(batch) == 2 else (None, None)
        images, labels = pair
        if not isinstance(images, Tensor) or not isinstance(labels, Tensor) or images.dim() != 4:
            raise ResnetlabError(
                f"the data gives a {type(batch).__name__} that is no pair of images (N, C, H, W) and labels (N,)\n"
                "give a data reference, labelled images, or a loader of such pairs"
            )
        if labels.shape != images.shape[:1] or labels.is_floating_point():
            raise ResnetlabError(
                f"labels of shape {tuple(labels.shape)} and kind {labels.dtype} do not fit {len(images)} images\n"
                "give the number of one class for each image"
            )
        if (labels < 0).any():
            raise ResnetlabError(f"{labels.min().item()} is no class\ngive labels that count classes from 0")
        first = images if first is None else first
        if images.shape[1:] != first.shape[1:]:
            sizes = ("×".join(map(str, one.shape[1:])) for one in (first, images))
            raise ResnetlabError(f"the loader gives images of {' and of '.join(sizes)}\ngive images of one size")
        yield images, labels
        seen += len(images)
        if seen >= count:
            return
