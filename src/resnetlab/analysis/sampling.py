"""What a sample of the images says about all of them, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Sample:
    """How much of the batch was read: `images` of `batch`, one in `one_in`, at even distances."""

    images: int
    batch: int
    one_in: int


def estimate(values: Float[Tensor, " read"], batch: int) -> tuple[float, float | None]:
    """Gives the mean over the whole batch as the images read tell it, and its standard error.

    The error is that of a sample drawn without replacement: zero where every image was read, None for a sample
    of one, which says nothing of its error.
    """
    values = values.double()
    read = len(values)
    if read >= batch:
        return values.mean().item(), 0.0
    if read < 2:
        return values.mean().item(), None
    error = values.std() * ((1 - read / batch) / read) ** 0.5
    return values.mean().item(), error.item()


def error_of_root(squared: float, error: float | None) -> float | None:
    """Gives the standard error of a square root from that of what stands under it, to first order."""
    if error is None or error == 0:
        return error
    return error / (2 * squared**0.5) if squared > 0 else None
