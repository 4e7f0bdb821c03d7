"""What a training leaves: where it is, how good it is, and what to type next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnetlab.actions.judging.evaluation import Evaluation
from resnetlab.actions.runs.evaluation import FLIPPED_TOO
from resnetlab.actions.runs.watch import last_words


@dataclass(frozen=True)
class TrainedRun:
    """What a training left.

    Args:
        folder: of the run, with the network in it.
        data: its reference.
        steps: that were taken, over all its calls.
        best: highest accuracy on the validation images after an epoch, per cent; None where there are none.
        evaluation: of the network at the end, on the test images, else on those held out; None without either.
        remarks: what was chosen and assumed, a sentence each.
        speaks: this process is the one among many that prints.
    """

    folder: Path
    data: str
    steps: int
    best: float | None
    evaluation: Evaluation | None
    remarks: tuple[str, ...]
    speaks: bool = True

    @property
    def in_words(self) -> str:
        """What came out, where it is, and what to type next."""
        words = last_words(self.folder, self.data)
        if self.evaluation is None:
            return words
        scores = self.evaluation.scores
        top5 = "" if scores.top5 is None else f", top-5 {scores.top5:.2f} %"
        on = f"on {scores.n:,} {self.evaluation.split} images"
        flipped = f"; {FLIPPED_TOO}" if FLIPPED_TOO in self.evaluation.remarks else ""
        return f"top-1 {scores.top1:.2f} %{top5}, loss {scores.loss:.4f} {on}{flipped}\n{words}"

    def as_json(self) -> dict[str, Any]:
        """For machines: accuracies in per cent, losses in nats."""
        scores = self.evaluation.scores if self.evaluation else None
        return {
            "folder": str(self.folder),
            "steps": self.steps,
            "best_validation_top1": self.best,
            "evaluated_on": self.evaluation.split if self.evaluation else None,
            **{name: getattr(scores, name, None) for name in ("n", "top1", "top5", "loss")},
            "remarks": self.evaluation.remarks if self.evaluation else self.remarks,
        }
