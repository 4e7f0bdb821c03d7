"""`resnetlab eval`: how often a network is right on labelled images, and how far its confidence can be trusted."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from resnetlab.actions.judging.evaluation import Evaluation, write_evaluation
from resnetlab.actions.judging.looking import (
    BATCHES_AHEAD,
    LeftOut,
    Look,
    batches,
    channels_remark,
    finite_logits,
    look_at,
)
from resnetlab.actions.judging.scores import Scorer, Scores
from resnetlab.actions.networks.class_order import place_classes
from resnetlab.actions.networks.ready_network import ReadyNetwork, ready_network
from resnetlab.actions.networks.settings import EvalSettings
from resnetlab.actions.runs.judged_images import flip_remark, images_to_judge, training_of
from resnetlab.core.errors import ImageError
from resnetlab.core.folders import make_output_folder
from resnetlab.core.machine import describe_environment
from resnetlab.core.terminal import progress_bar
from resnetlab.data import LabelledImages
from resnetlab.data.images import quiet_decoder
from resnetlab.data.read_ahead import read_ahead
from resnetlab.data.scan import left_out_remark, unreadable_error

KEPT_BYTES = 512_000_000  # squares of so many bytes in all stay in memory between the check and the evaluation


def evaluate(model: str | nn.Module, data: str | LabelledImages, **settings: Any) -> Evaluation:
    """How often a network is right on labelled images; eval.json and a figure of what it confuses are written.

    Every image file is decoded before the network sees the first, so that a damaged one is told at once. The network's
    classes and the data's are compared by name; where the data lacks some, all outputs still count.
    On a processor, glibc is told to keep freed memory for this process; that stays so afterwards.

    Args:
        model: a model reference, or any module that maps images to one output for each class.
        data: a data reference, or labelled images.
        **settings: the fields of `EvalSettings`: split, flip_at_test, skip_unreadable, output, exist_ok, batch_size,
            device, untrained, seed, quiet, classes, size, resize, mean, std, interpolation.

    Raises:
        ResnetlabError: the request cannot be met.
        ImageError: images cannot be read, and leaving them out was not asked for.
    """
    asked = EvalSettings(**settings)
    trained = training_of(model)
    images = images_to_judge(data, asked.split, trained) if isinstance(data, str) else data
    with ready_network(model, asked, images.own) as network, quiet_decoder():
        network = replace(network, flips=trained.flips if asked.flip_at_test == "auto" else asked.flip_at_test == "on")
        places = place_classes(network.card.classes, images.classes, network.outputs)
        name = f"{Path(network.name).name}-{Path(images.name).name}"
        folder = make_output_folder("eval", name, asked.output, asked.exist_ok)
        scores, channels, unreadable = _counted(network, images, asked, places.order, folder)
    left_out = left_out_remark(unreadable, len(images))
    greys = channels_remark(channels, network.how.channels)
    flips = flip_remark(network.flips, trained)
    remarks = (*network.remarks, *images.remarks, *filter(None, [places.remark]), *greys, *left_out, *flips)
    found = Evaluation(
        network.name,
        images.name,
        images.split,
        scores,
        places.names,
        unreadable,
        remarks,
        _facts(network, asked),
        folder,
        network.assumptions,
    )
    write_evaluation(found, asked)
    return found


def _facts(network: ReadyNetwork, asked: EvalSettings) -> dict[str, Any]:
    """What the figures came from."""
    return {
        "preprocessing": asdict(network.how),
        "source": network.card.source,
        "device": network.device,
        "seed": asked.seed,
        "environment": describe_environment(),
    }


def _counted(
    network: ReadyNetwork, images: LabelledImages, asked: EvalSettings, order: list[int], folder: Path
) -> tuple[Scores, Counter[int], tuple[LeftOut, ...]]:
    """The scores, how many images had how many channels, and which could not be read."""
    with _removed_if_unreadable(folder):
        looks, unreadable = _readable(network, images, asked)
    if not asked.quiet:
        print(f"evaluating into {folder}", file=sys.stderr)
    with progress_bar("evaluating", len(images) - len(unreadable), asked.quiet) as advance:
        scores, channels = _score(network, images, order, batches(looks, asked.batch_size), advance)
    return scores, channels, unreadable


@contextlib.contextmanager
def _removed_if_unreadable(folder: Path) -> Iterator[None]:
    """Leave no empty folder behind where images cannot be read."""
    try:
        yield
    except ImageError:
        with contextlib.suppress(OSError):  # it holds files of an earlier evaluation
            folder.rmdir()
        raise


def _score(
    network: ReadyNetwork,
    images: LabelledImages,
    order: list[int],
    looks: Iterable[list[Look]],
    advance: Callable[[int], None],
) -> tuple[Scores, Counter[int]]:
    """The scores over all batches, and how many images had how many channels."""
    scorer, channels = Scorer(len(order), network.device), Counter[int]()
    in_order = order == list(range(len(order)))
    for batch in looks:
        for look in batch:
            if look.square is None:
                raise ImageError(look.reason)
        logits = finite_logits(network, batch, images.name_of)
        labels = torch.tensor([images.labels[look.number] for look in batch], device=network.device)
        scorer.add(logits if in_order else logits[:, order], labels)
        channels.update(look.channels for look in batch)
        advance(len(batch))
    return scorer.scores(), channels


def _readable(
    network: ReadyNetwork, images: LabelledImages, asked: EvalSettings
) -> tuple[Iterable[Look], tuple[LeftOut, ...]]:
    """Every image as the network sees it, after all files have been decoded once; and those that could not be.

    Raises:
        ImageError: some could not be, and leaving them out was not asked for; or none could.
    """
    look, ahead = partial(_look, network, images), BATCHES_AHEAD * asked.batch_size
    if not images.files:
        return read_ahead(range(len(images)), look, ahead), ()
    fits = len(images) * network.how.channels * network.how.size**2 <= KEPT_BYTES
    kept, readable, unreadable = [], [], []
    with progress_bar("checking images", len(images), asked.quiet) as advance:
        for seen in read_ahead(range(len(images)), look, ahead):
            advance(1)
            if seen.square is None:
                unreadable.append(LeftOut(str(images.files[seen.number]), seen.reason))
            else:
                readable.append(seen.number)
                kept += [seen] if fits else []
    if unreadable and (not asked.skip_unreadable or not readable):
        raise unreadable_error([one.reason for one in unreadable], len(images))
    return (kept if fits else read_ahead(readable, look, ahead)), tuple(unreadable)


def _look(network: ReadyNetwork, images: LabelledImages, number: int) -> Look:
    return look_at(network, number, partial(images.read, number))
