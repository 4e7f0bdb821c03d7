"""Which images a trained network is judged on, and how: as its own run would, and never in silence on what it was
trained on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from resnetlab.actions.runs.evaluation import FLIPPED_TOO
from resnetlab.actions.runs.report import FACTS
from resnetlab.actions.runs.settings import CONFIG
from resnetlab.actions.runs.train_settings import read_config
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import LabelledImages, open_data
from resnetlab.data.labelled import Split
from resnetlab.data.references import own_splits
from resnetlab.data.splits import training_data, whole_folder
from resnetlab.training.places import FOLDER

NETWORK = "model.safetensors"


@dataclass(frozen=True)
class Training:
    """What a run folder tells of the training of its network; empty for a network that comes from anywhere else.

    Args:
        config: its settings.
        files: hash of the names of all images, where the run itself has split them.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    files: str = ""

    @property
    def flips(self) -> bool:
        """Whether the run judges its network on mirror images too."""
        return self.config.get("flip_at_test") is True


def training_of(model: str | nn.Module) -> Training:
    """The training that a network comes from, where its reference is a run folder, or its network or checkpoint."""
    if not isinstance(model, str):
        return Training()
    path = Path(model)
    folder = path.parent if path.name == NETWORK else path.parents[1] if path.parent.name == FOLDER else path
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        return Training(read_config(folder / CONFIG), str(facts.get("whole_folder", "")))
    except (OSError, ValueError, AttributeError):  # no run, or none that was ever begun
        return Training()


def images_to_judge(data: str, split: Split, trained: Training) -> LabelledImages:
    """One split of a data set; of a folder that the network's training has split, the part that it has held out.

    Args:
        data: a data reference.
        split: which split.
        trained: the training of the network.

    Raises:
        ResnetlabError: as of `open_data`.
    """
    images = open_data(data, split)
    if not trained.config or own_splits(data):
        return images
    if trained.files and whole_folder(data, [images]) == trained.files:
        return _as_the_run_split_it(data, split, trained, images)
    if _place(data) != _place(str(trained.config.get("data"))):
        return images
    said = (
        f"{images.name} is what the network was trained on, and its files have changed since: images that it was"
        f" trained on are among these {len(images):,}"
    )
    return replace(images, remarks=(*images.remarks, said))


def flip_remark(flips: bool, trained: Training) -> tuple[str, ...]:
    """What is said of mirror images: a sentence, or none."""
    if flips:
        return (FLIPPED_TOO,)
    return ("each image was shown as it is alone; the run judged its network on mirror images too",) * trained.flips


def _as_the_run_split_it(data: str, split: Split, trained: Training, images: LabelledImages) -> LabelledImages:
    seed, share = trained.config.get("seed"), trained.config.get("validation")
    if not isinstance(seed, int) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise ResnetlabError(f"the run's {CONFIG} tells no seed and no validation share\ntrain it again")
    parts = training_data(data, seed, share)
    part = parts.train if split == "train" else parts.test
    assert part is not None, "a folder that is not split gives a part to every split"
    said = f"the {len(part):,} images that the run has {'trained on' if split == 'train' else 'held out to test on'}"
    return replace(part, remarks=(*parts.remarks, f"counted are {said}, of {len(images):,}"))


def _place(reference: str) -> tuple[str, str]:
    form, _, place = reference.partition(":")
    return form, os.path.realpath(place)
