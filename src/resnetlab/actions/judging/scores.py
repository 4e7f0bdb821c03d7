"""How well a network's outputs fit the labels: running sums by torchmetrics, which any number of ranks can add up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

CALIBRATION_BINS = 15  # as in Guo et al. 2017, "On Calibration of Modern Neural Networks"
TOP = 5


@dataclass(frozen=True)
class Scores:
    """What an evaluation counted.

    Args:
        n: images.
        top1: per cent of images whose likeliest class is right.
        top5: per cent of images whose class is among the five likeliest; None for networks of five classes or fewer.
        loss: mean cross-entropy, nats.
        calibration_error: expected, over 15 bins of equal width, in per cent (Guo et al. 2017, equation 3).
        confusion: images by true class (rows) and likeliest class (columns).
    """

    n: int
    top1: float
    top5: float | None
    loss: float
    calibration_error: float
    confusion: tuple[tuple[int, ...], ...]


class Scorer:
    """Adds up batch after batch.

    Args:
        classes: their number.
        device: where the batches come from.
    """

    def __init__(self, classes: int, device: str) -> None:
        from torchmetrics import MeanMetric, Metric, MetricCollection  # takes seconds to import
        from torchmetrics import classification as of

        counted: dict[str, Metric | MetricCollection] = {
            "top1": of.MulticlassAccuracy(classes, average="micro", validate_args=False),
            "calibration_error": of.MulticlassCalibrationError(classes, CALIBRATION_BINS, validate_args=False),
            "confusion": of.MulticlassConfusionMatrix(classes, validate_args=False),
        }
        if classes > TOP:
            counted["top5"] = of.MulticlassAccuracy(classes, top_k=TOP, average="micro", validate_args=False)
        self.counted = MetricCollection(counted, compute_groups=False).to(device)
        self.loss = MeanMetric().to(device)

    def add(self, logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]) -> None:
        """Count one batch.

        Args:
            logits: (N, classes), before the softmax.
            labels: (N,), class numbers.
        """
        self.counted.update(logits, labels)
        self.loss.update(F.cross_entropy(logits, labels, reduction="none"))

    def scores(self) -> Scores:
        """Of all that was added, on every process where there are many."""
        found = {name: value.cpu() for name, value in self.counted.compute().items()}
        n = int(found["confusion"].sum())
        return Scores(
            n=n,
            top1=_per_cent(found["top1"], n),
            top5=_per_cent(found["top5"], n) if "top5" in found else None,
            loss=self.loss.compute().item(),
            calibration_error=100 * found["calibration_error"].item(),
            confusion=tuple(map(tuple, found["confusion"].to(torch.int64).tolist())),
        )


def _per_cent(share: Tensor, n: int) -> float:
    """Of a whole number of images, which the share, in float32, only comes near."""
    return 100 * round(share.item() * n) / n
