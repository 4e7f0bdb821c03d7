"""`resnetlab predict`: what a network sees in images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from typing import Any

from torch import nn

from resnetlab.actions.judging.inputs import find_inputs, left_out
from resnetlab.actions.judging.looking import (
    BATCHES_AHEAD,
    LeftOut,
    Look,
    batches,
    channels_remark,
    finite_logits,
    look_at,
)
from resnetlab.actions.networks.ready_network import ReadyNetwork, ready_network
from resnetlab.actions.networks.settings import PredictSettings
from resnetlab.core.terminal import on_one_line, progress_bar
from resnetlab.data.images import quiet_decoder
from resnetlab.data.read_ahead import read_ahead


@dataclass(frozen=True)
class Guess:
    """One class that the network holds possible.

    Args:
        label: the class's name; its number where no names are known.
        number: of the network's output.
        probability: by softmax over all outputs, 0 to 1.
    """

    label: str
    number: int
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What the network sees in one image, the likeliest first."""

    path: str
    guesses: tuple[Guess, ...]


@dataclass(frozen=True)
class Predictions:
    """What the network sees in all images.

    Args:
        model: its reference.
        rows: one for each image that could be read, in the order they were given.
        unreadable: the others.
        assumptions: what nothing told when the network was built, a sentence each.
        remarks: what had to be assumed of the images, and what was done to them, a sentence each.
    """

    model: str
    rows: tuple[Prediction, ...]
    unreadable: tuple[LeftOut, ...]
    assumptions: tuple[str, ...]
    remarks: tuple[str, ...]


def predict(
    model: str | nn.Module, inputs: str | PathLike[str] | Sequence[str | PathLike[str]], **settings: Any
) -> Predictions:
    """What a network sees in images: for each the likeliest classes. Images that cannot be read are told apart.

    Images are decoded in threads while the network computes, in float32. On a processor, glibc is told to keep freed
    memory for this process; that stays so afterwards.

    Args:
        model: a model reference, or any module that maps images to one output for each class.
        inputs: files, folders (every image below them), patterns as *.jpg, or - for standard input.
        **settings: the fields of `PredictSettings`: top, batch_size, device, untrained, seed, quiet, classes, size,
            resize, mean, std, interpolation.

    Raises:
        ResnetlabError: the request cannot be met.
    """
    asked = PredictSettings(**settings)
    images = find_inputs(inputs)
    names = [image.name for image in images]
    rows: list[Prediction] = []
    unreadable: list[LeftOut] = []
    channels: Counter[int] = Counter()
    with ExitStack() as stack:
        network = stack.enter_context(ready_network(model, asked, fold=True))
        stack.enter_context(quiet_decoder())
        advance = stack.enter_context(progress_bar("looking at images", len(images), asked.quiet))
        looks = read_ahead(
            range(len(images)), lambda at: look_at(network, at, images[at].read), BATCHES_AHEAD * asked.batch_size
        )
        for batch in batches(looks, asked.batch_size):
            unreadable += [LeftOut(names[one.number], one.reason) for one in batch if one.square is None]
            seen = [one for one in batch if one.square is not None]
            channels.update(one.channels for one in seen)
            rows += _rows(network, seen, names, asked.top)
            advance(len(batch))
    remarks = (*network.remarks, *left_out(inputs), *channels_remark(channels, network.how.channels))
    return Predictions(network.name, tuple(rows), tuple(unreadable), network.assumptions, remarks)


def _rows(network: ReadyNetwork, seen: Sequence[Look], names: Sequence[str], top: int) -> list[Prediction]:
    if not seen:
        return []
    logits = finite_logits(network, seen, lambda at: on_one_line(names[at]))
    likeliest = logits.softmax(1).topk(min(top, network.outputs))
    labels = network.card.classes or tuple(map(str, range(network.outputs)))
    return [
        Prediction(
            names[one.number],
            tuple(Guess(labels[at], at, value) for at, value in zip(numbers, values, strict=True)),
        )
        for one, numbers, values in zip(seen, likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    ]
