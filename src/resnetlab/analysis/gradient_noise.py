"""How noisy the gradients of single batches are, and how alike two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class GradientNoise:
    """The gradients of several batches of one size, at the same weights.

    Attributes:
        batch_size: images of each.
        batches: how many.
        norm: of a batch's gradient over all parameters, root mean square over the batches.
        norm_of_mean: of their mean, which is the gradient of all images together.
        noise_scale: images in a batch beyond which more of them help little: the trace of the gradient's covariance
            over the squared norm of the true gradient; None where the batches do not tell it.
        cosine: between the gradients of a batch and the next, mean; None of a single batch.
    """

    batch_size: int
    batches: int
    norm: float
    norm_of_mean: float
    noise_scale: float | None
    cosine: float | None


class NoiseTally:
    """Takes the gradients of one batch after the other."""

    def __init__(self) -> None:
        self._total: list[Tensor | None] = []
        self._last: list[Tensor | None] = []
        self._squares: list[float] = []
        self._cosines: list[float] = []

    def add(self, gradients: Sequence[Tensor | None]) -> None:
        """Takes a batch's gradients, one for each parameter in the same order; None where there is none."""
        square = _product(gradients, gradients)
        if self._last:
            lengths = math.sqrt(square * self._squares[-1])
            self._cosines += [_product(self._last, gradients) / lengths] if lengths > 0 else []
            self._total = [_sum(one, other) for one, other in zip(self._total, gradients, strict=True)]
        else:
            self._total = [None if one is None else one.detach().clone() for one in gradients]
        self._last = list(gradients)
        self._squares.append(square)

    def result(self, batch_size: int) -> GradientNoise:
        """What the batches, of this size each, tell together.

        The two sizes are one batch and all of them.

        Paper: McCandlish et al. 2018, "An Empirical Model of Large-Batch Training", appendix A.1.
        """
        count = len(self._squares)
        small = sum(self._squares) / count if count else math.nan
        large = _product(self._total, self._total) / count**2 if count else math.nan
        return GradientNoise(
            batch_size=batch_size,
            batches=count,
            norm=math.sqrt(small) if small >= 0 else math.nan,
            norm_of_mean=math.sqrt(large) if large >= 0 else math.nan,
            noise_scale=noise_scale(small, large, batch_size, batch_size * count) if count > 1 else None,
            cosine=sum(self._cosines) / len(self._cosines) if self._cosines else None,
        )


def noise_scale(small_square: float, large_square: float, small: int, large: int) -> float | None:
    """The simple noise scale from the mean squared norms of gradients at two batch sizes, if they tell it.

    Paper: McCandlish et al. 2018, appendix A.1:
    |G|² = (B_large |G_large|² − B_small |G_small|²) / (B_large − B_small),
    S = (|G_small|² − |G_large|²) / (1/B_small − 1/B_large), and the scale is S / |G|².

    Args:
        small_square: mean squared norm at the small size.
        large_square: mean squared norm at the large size.
        small, large: the sizes, in images.
    """
    true_square = (large * large_square - small * small_square) / (large - small)
    spread = (small_square - large_square) / (1 / small - 1 / large)
    if not true_square > 0 or not math.isfinite(spread):
        return None
    return max(spread, 0.0) / true_square


def _product(ones: Sequence[Tensor | None], others: Sequence[Tensor | None]) -> float:
    pairs = ((a, b) for a, b in zip(ones, others, strict=True) if a is not None and b is not None)
    return float(sum(torch.sum(a.detach().float() * b.detach().float()).item() for a, b in pairs))


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return one if other is None else other.detach().clone()
    return one + other.detach()
