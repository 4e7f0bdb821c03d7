"""What is trained on, what is chosen by, what is tested on: three parts that share no image of a data set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resnetlab.core.errors import CheckpointError, ResnetlabError
from resnetlab.core.terminal import first_few, on_one_line
from resnetlab.data.labelled import LabelledImages, Split, subset
from resnetlab.data.randomness import Purpose, hashes
from resnetlab.data.references import open_data, own_splits

TEST_SHARE = 0.1  # of a folder that is not split
MOST_NAMED = 3  # classes in a message


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The parts of a data set.

    Args:
        train: to train on.
        validation: to choose by while training; None where nothing is held out.
        test: to judge by in the end; None where the data has no such part.
        remarks: where the parts come from, a sentence each.
    """

    train: LabelledImages
    validation: LabelledImages | None
    test: LabelledImages | None
    remarks: tuple[str, ...]

    @property
    def parts(self) -> dict[str, LabelledImages]:
        """Those that there are, by what they are for."""
        named = {"training": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def classes(self) -> tuple[str, ...]:
        """Names in the order of the labels' numbers, the same in every part."""
        return self.train.classes


def training_data(reference: str, seed: int = 0, share: float = 0.1) -> TrainingData:
    """The parts of the data set that a reference names.

    Parts that the data comes with are taken as they are. Where it has none to choose by, a share of the training
    images is held out, of each class alike; the test images are never used for that. A folder that is not split gives
    a tenth of each class to the test as well.

    Args:
        reference: a data reference.
        seed: decides which images are held out.
        share: of the training images held out, where the data has no validation images; 0 for none.

    Raises:
        ResnetlabError: there is only one class, classes differ between the parts, or a part is empty; and as of
            `open_data`.
    """
    there = own_splits(reference)
    train = open_data(reference, "train")
    others: dict[Split, LabelledImages | None] = {
        split: open_data(reference, split) if split in there else None for split in ("validation", "test")
    }
    _refuse_classes(train, others.values())
    remarks = [*train.remarks]
    if not there:
        train, others, said = _split(train, seed, share)
        remarks.append(said)
    elif others["validation"] is None and share:
        train, others["validation"], said = _held_out(train, seed, share)
        remarks.append(said)
    elif others["validation"] is None:
        remarks.append("no image is held out, so no epoch's network is chosen before another")
    for part in (train, *others.values()):
        if part is not None and not len(part):
            raise ResnetlabError(
                f"the {part.split} split of {on_one_line(part.name)} has no image\n"
                "put some there; with a validation share of 0 none are held out"
            )
    return TrainingData(train, others["validation"], others["test"], tuple(remarks))


def fingerprints(data: TrainingData) -> dict[str, str]:
    """A hash of each part's labels, names of classes and of files with their folders, in their order, by what the part
    is for; no image is read."""
    return {name: _fingerprint(part) for name, part in data.parts.items()}


def _fingerprint(images: LabelledImages) -> str:
    told = hashlib.sha256(np.asarray(images.labels, np.int64).tobytes())
    told.update(repr(images.classes).encode("utf-8", "surrogateescape"))
    for file in images.files:
        told.update(b"\0" + os.fsencode(Path(file.parent.name, file.name)))
    return told.hexdigest()


def refuse_other_images(name: str, now: Mapping[str, str], before: Mapping[str, str] | None) -> None:
    """Pass where a training finds its images as they were: what is held out, for one, changes with them.

    Args:
        name: of the data.
        now: its `fingerprints`.
        before: those that the training began with; None where nothing tells.

    Raises:
        CheckpointError: images came, went, or are of other classes.
    """
    if before is None or now == before:
        return
    other = [part for part in now.keys() | before.keys() if now.get(part) != before.get(part)]
    raise CheckpointError(
        f"{on_one_line(name)} has changed since the checkpoint: its {' and '.join(sorted(other))} images"
        " are others\nput the files back, or begin a new run; resnetlab finetune goes on from this one's network"
    )


def whole_folder(reference: str, parts: Iterable[LabelledImages]) -> str:
    """A hash of the names of all files in a folder that is not split; nothing for any other data.

    Where it is the same, so is what a seed holds out of the folder, wherever that stands.

    Args:
        reference: a data reference.
        parts: that the folder was split into, or the whole of it as one.
    """
    form, _, place = reference.partition(":")
    if form not in ("imagefolder", "imagenet") or own_splits(reference):
        return ""
    names = (os.fsencode(file.relative_to(place)) for part in parts for file in part.files)
    return hashlib.sha256(b"\0".join(sorted(names))).hexdigest()


def stratified(labels: Sequence[int], shares: Sequence[float], seed: int) -> list[NDArray[np.int64]]:
    """Numbers of images: a part for each share, then the rest; of each class alike, in the order of the images.

    A part gets one image at least of each class, as long as one is left for the rest.

    Args:
        labels: the class number of each image.
        shares: of each class, for each part.
        seed: decides which.
    """
    classes, chance = np.asarray(labels), hashes(Purpose.SPLIT, seed, 0, np.arange(len(labels)))[:, 0]
    parts: list[list[NDArray[np.int64]]] = [[] for _ in range(len(shares) + 1)]
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        members = members[np.argsort(chance[members])]
        total = len(members)
        for part, share in zip(parts, shares, strict=False):
            wanted = max(1, round(share * total)) if share else 0
            taken = min(wanted, len(members) - 1)
            part.append(members[:taken])
            members = members[taken:]
        parts[-1].append(members)
    return [np.sort(np.concatenate(part)) if part else np.zeros(0, np.int64) for part in parts]


def _split(
    whole: LabelledImages, seed: int, share: float
) -> tuple[LabelledImages, dict[Split, LabelledImages | None], str]:
    test, validation, rest = stratified(whole.labels, (TEST_SHARE, share), seed)
    said = (
        f"{on_one_line(whole.name)} is not split: by seed {seed}, class by class, {len(rest):,} of its images are to"
        f" train on, {len(validation):,} to choose by, {len(test):,} to test on"
    )
    others: dict[Split, LabelledImages | None] = {
        "validation": subset(whole, validation.tolist(), "validation") if share else None,
        "test": subset(whole, test.tolist(), "test"),
    }
    return subset(whole, rest.tolist(), "train"), others, said


def _held_out(train: LabelledImages, seed: int, share: float) -> tuple[LabelledImages, LabelledImages, str]:
    held, rest = stratified(train.labels, (share,), seed)
    said = (
        f"{len(held):,} of the {len(train):,} training images are held out by seed {seed}, class by class, to choose"
        " by; the test images are looked at once, at the end"
    )
    return subset(train, rest.tolist(), "train"), subset(train, held.tolist(), "validation"), said


def _refuse_classes(train: LabelledImages, others: Iterable[LabelledImages | None]) -> None:
    if len(train.classes) < 2:
        only = f"1 class, {on_one_line(train.classes[0])}" if train.classes else "no class"
        raise ResnetlabError(
            f"{on_one_line(train.name)} has {only}: nothing can be told apart\n"
            "give data of two classes or more, each in a folder of its own"
        )
    for part in others:
        if part is not None:
            _refuse_other_classes(train, part)


def _refuse_other_classes(train: LabelledImages, part: LabelledImages) -> None:
    """Labels are numbers by the order of names, so that one name more shifts all after it."""
    if part.classes == train.classes:
        return
    missing = [name for name in train.classes if name not in part.classes]
    extra = [name for name in part.classes if name not in train.classes]
    said = [f"{_named(names)} {where}" for names, where in ((missing, "missing"), (extra, "only there")) if names]
    raise ResnetlabError(
        f"the {part.split} split of {on_one_line(part.name)} has other classes than the training images:"
        f" {'; '.join(said) or 'the same in another order'}\ngive every split the same class folders"
    )


def _named(names: Sequence[str]) -> str:
    return first_few([on_one_line(name) for name in names], MOST_NAMED)
