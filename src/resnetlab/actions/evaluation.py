"""What an evaluation found: as eval.json, as a figure, and class by class."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from resnetlab.actions.looking import Unreadable
from resnetlab.actions.scores import Scores
from resnetlab.core.files import write_atomically
from resnetlab.core.terminal import json_text

SCHEMA = "1"


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
        classes: names in the order of the data's labels, as in the confusion matrix.
        unreadable: images that were left out, because that was asked for.
        remarks: what had to be assumed, and what was done to images and classes, a sentence each.
        facts: preprocessing, source of the weights, and the machine.
        folder: where eval.json and the figure are.
    """

    model: str
    data: str
    split: str
    scores: Scores
    classes: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    remarks: tuple[str, ...]
    facts: dict[str, Any]
    folder: Path

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
            "remarks": self.remarks,
            **self.facts,
        }


def write_evaluation(found: Evaluation) -> None:
    """Put eval.json and the confusion matrix, as SVG and PNG, into the evaluation's folder."""
    from resnetlab.pages.confusion import confusion_figure
    from resnetlab.pages.svg import drawn

    with warnings.catch_warnings():  # the PNG's font has not the signs of every script; the SVG takes the reader's
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        drawing = drawn(confusion_figure(found.scores.confusion, found.classes), "confusion")
    contents = {
        "confusion.svg": drawing.svg.encode(),
        "confusion.png": drawing.png,
        "eval.json": (json_text(found.as_json()) + "\n").encode(),  # last: where it stands, all is there
    }
    for name, content in contents.items():
        write_atomically(found.folder / name, partial(_write, content))


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)
