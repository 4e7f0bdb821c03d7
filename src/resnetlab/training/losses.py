"""What is minimised: mean over a batch, for class numbers or for shares of classes."""

from __future__ import annotations

from functools import partial

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from resnetlab.training.config import Config
from resnetlab.training.loop import Loss

PRESENT = 0.2  # share of a mixed image above which a class is in it


def build_loss(config: Config) -> Loss:
    """The loss of a configuration, of logits (N, classes) and labels (N,) or shares (N, classes)."""
    if config.loss == "binary":
        return partial(binary_cross_entropy, smoothing=config.label_smoothing)
    return partial(F.cross_entropy, label_smoothing=config.label_smoothing)


def binary_cross_entropy(logits: Float[Tensor, "n k"], labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of each class against all others, mean over classes and images.

    Paper: Wightman et al. 2021, §3: an image mixed of two has both classes whole, as a photograph of two things has;
    a share of a fifth or less counts for nothing, as in timm's scripts for it (`--bce-target-thresh 0.2`).

    Args:
        logits: (N, classes).
        labels: (N,), class numbers, or (N, classes), shares.
        smoothing: share of a label that goes to all classes alike.
    """
    classes = logits.shape[1]
    present = F.one_hot(labels, classes) if labels.ndim == 1 else labels > PRESENT
    wanted = present.to(logits.dtype) * (1 - smoothing) + smoothing / classes
    return F.binary_cross_entropy_with_logits(logits, wanted)
