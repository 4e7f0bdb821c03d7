"""What a diagnosis will take of memory and time, told before it begins."""

from __future__ import annotations

import time
from contextlib import suppress

import torch

from resnetlab.actions.diagnosing.diagnosis import Subject
from resnetlab.actions.diagnosing.settings import DiagnoseSettings
from resnetlab.analysis.complexity import Complexity, measure_complexity
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.memory import free_memory
from resnetlab.specs.preprocessing import Preprocessing

KEPT_TWICE = 2  # what layers give is kept for the backward pass, and about as much is in flight on the way back
COPIES_OF_WEIGHTS = 6  # the weights, their gradients, the last ones, their sum, and as much in flight
OF_A_PRODUCT = 3  # times what a pass forward and back keeps, for a product with the Hessian goes back twice
BYTES_OF_A_VALUE = 10  # of an image: as a byte, twice, then as a float, and normalised
LONG = 20.0  # seconds, from which on a user is told beforehand
PASSES = 5  # over all images, in forward passes: forward and backward in training mode, and forward in evaluation mode


def refuse_too_many_images(count: int, how: Preprocessing) -> None:
    """Pass where so many images can be held, before one is read.

    Args:
        count: images.
        how: what they go through, which tells their size.

    Raises:
        ResnetlabError: the memory will not do.
    """
    needed, free = count * how.channels * how.size**2 * BYTES_OF_A_VALUE, free_memory("cpu")
    if free is not None and needed > free:
        raise ResnetlabError(
            f"{count} images of {how.size}×{how.size} pixels take about {_gigabytes(needed)}, and {_gigabytes(free)} "
            "are free\ngive fewer --images, or a smaller --size"
        )


def refuse_too_little_memory(subject: Subject, asked: DiagnoseSettings) -> None:
    """Pass where the memory will do; say beforehand what takes long.

    Raises:
        ResnetlabError: it will not; the message gives the batch size that would.
    """
    cost = _cost(subject)
    if cost is not None:
        needed, free = needed_memory(cost, subject.batch_size), free_memory(str(subject.images.device))
        if free is not None and needed > free:
            fits = next((n for n in _halves(subject.batch_size) if needed_memory(cost, n) <= free), None)
            remedy = f"give --batch-size {fits}" if fits else "give a smaller --size, or a machine with more memory"
            raise ResnetlabError(
                f"--batch-size {asked.batch_size} takes about {_gigabytes(needed)} for this network, and "
                f"{_gigabytes(free)} are free\n{remedy}"
            )
    seconds = _seconds_per_image(subject) * len(subject.images) * PASSES
    if seconds > LONG:
        subject.say(f"signal and gradients will take about {seconds:.0f} s for {len(subject.images)} images")


def needed_memory(cost: Complexity, batch_size: int) -> int:
    """Bytes, about, that a look at so many images at once takes.

    Args:
        cost: of the network, for one image.
        batch_size: images.
    """
    return KEPT_TWICE * batch_size * cost.activation_bytes + COPIES_OF_WEIGHTS * cost.weight_bytes


def too_little_for_hessian(subject: Subject, vectors: int) -> str:
    """Why the Hessian's eigenvalues are not looked for, where the memory will not do; "" where it will.

    Args:
        subject: whose loss bends.
        vectors: in float64, of as many numbers as there are parameters, that Lanczos keeps.
    """
    learning = sum(one.numel() for one in subject.model.parameters() if one.requires_grad)
    cost, free = _cost(subject), free_memory(str(subject.images.device))
    passes = 0 if cost is None else OF_A_PRODUCT * needed_memory(cost, subject.batch_size)
    needed = 8 * vectors * learning + passes
    if free is None or needed <= free:
        return ""
    return f"{_gigabytes(needed)} would be needed for {learning:,} parameters, and {_gigabytes(free)} are free"


def _cost(subject: Subject) -> Complexity | None:
    for device in ("meta", "cpu"):  # a network that looks at numbers cannot be run without any
        with suppress(ResnetlabError):
            return measure_complexity(subject.model, subject.image_size, device)
    return None


def _seconds_per_image(subject: Subject) -> float:
    few = subject.images[:2]
    began = time.perf_counter()
    with torch.no_grad():
        subject.model(few)
    return (time.perf_counter() - began) / len(few)


def _halves(size: int) -> list[int]:
    found = []
    while size > 2:
        size //= 2
        found.append(size)
    return found


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
