"""What an evaluation found: as eval.json, as a figure, and class by class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resnetlab.actions.judging.looking import LeftOut
from resnetlab.actions.judging.scores import Scores
from resnetlab.actions.networks.settings import EvalSettings
from resnetlab.core.files import write_content
from resnetlab.core.terminal import json_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = "1"
OF_THIS_CALL = ("output", "exist_ok", "quiet")
"""Settings that do not decide what comes out."""


@dataclass(frozen=True)
class ClassScore:
    """How often one class's images were recognised.

    Args:
        name: of the class.
        n: its images.
        top1: per cent of them whose likeliest class is theirs; None where there are none.
    """

    name: str
    n: int
    top1: float | None


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found; accuracies are in per cent.

    Args:
        model: its reference.
        data: its reference.
        split: of the data.
        scores: over all images.
        classes: names in the order of the data's labels, then those that the network alone has; as in `confusion`.
        unreadable: images that were left out, because that was asked for.
        remarks: what had to be assumed of images, and what was done to them and to classes, a sentence each.
        facts: preprocessing, source of the weights, and the machine.
        folder: where eval.json and the figure are.
        assumptions: what nothing told when the network was built, a sentence each.
    """

    model: str
    data: str
    split: str
    scores: Scores
    classes: tuple[str, ...]
    unreadable: tuple[LeftOut, ...]
    remarks: tuple[str, ...]
    facts: dict[str, Any]
    folder: Path
    assumptions: tuple[str, ...] = ()

    @property
    def per_class(self) -> tuple[ClassScore, ...]:
        """The diagonal of the confusion matrix, as shares of its rows."""
        rows = enumerate(zip(self.classes, self.scores.confusion, strict=True))
        return tuple(ClassScore(name, n := sum(row), 100 * row[at] / n if n else None) for at, (name, row) in rows)

    def as_json(self) -> dict[str, Any]:
        """The content of eval.json."""
        scores = asdict(self.scores)
        confusion = scores.pop("confusion")
        return {
            "schema": SCHEMA,
            "model": self.model,
            "data": self.data,
            "split": self.split,
            **scores,
            "units": {"top1": "%", "top5": "%", "loss": "nats", "calibration_error": "%", "per_class": "%"},
            "per_class": [asdict(one) for one in self.per_class],
            "classes": self.classes,
            "confusion": confusion,
            "unreadable": [asdict(one) for one in self.unreadable],
            "assumptions": self.assumptions,
            "remarks": self.remarks,
            **self.facts,
        }


def write_evaluation(found: Evaluation, asked: EvalSettings) -> None:
    """Put into the evaluation's folder what it found, as numbers and as a figure, and what it was made with.

    Args:
        found: the evaluation.
        asked: the settings that it was made with.
    """
    from resnetlab.pages.svg import drawn

    drawing = drawn(_figure(found), "confusion")
    contents = {
        "config.yaml": _config(found, asked).encode(),
        "env.json": (json_text(found.facts["environment"]) + "\n").encode(),
        "confusion.svg": drawing.svg.encode(),
        "confusion.png": drawing.png,
        "eval.json": (json_text(found.as_json()) + "\n").encode(),  # last: where it stands, all is there
    }
    for name, content in contents.items():
        write_content(found.folder / name, content)


def _figure(found: Evaluation) -> Figure:
    """Of the classes that images are of, or are taken for; where data lacks most of them, the others say nothing."""
    from resnetlab.pages.confusion import confusion_figure

    counts = np.array(found.scores.confusion)
    seen = np.flatnonzero(counts.sum(axis=0) + counts.sum(axis=1))
    return confusion_figure(counts[np.ix_(seen, seen)], [found.classes[at] for at in seen])


def _config(found: Evaluation, asked: EvalSettings) -> str:
    """The request, as the flags name it."""
    import yaml

    told = {name: value for name, value in asdict(asked).items() if name not in OF_THIS_CALL}
    told["classes"] = None if asked.classes is None else str(asked.classes)
    return str(yaml.safe_dump({"model": found.model, "data": found.data, **told}, sort_keys=False, allow_unicode=True))
