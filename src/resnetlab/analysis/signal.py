"""The forward signal: mean, spread and dead units of every layer of any module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.probe import Probe, Reading
from resnetlab.analysis.sampling import Sample, error_of_root, estimate
from resnetlab.analysis.tracing import Layer
from resnetlab.analysis.untouched import preserved


@dataclass(frozen=True)
class LayerSignal(Layer):
    """What one call of one layer put out, over the images and all positions and channels.

    Attributes:
        mean: of all elements of the output.
        mean_error: standard error of `mean` as an estimate for the whole batch; None from a single image.
        std: standard deviation of all elements, around `mean`.
        std_error: standard error of `std`, to first order.
        dead_fraction: share of the units, single elements of the output, that were exactly zero for every image
            read. After a ReLU these are its dead units. An upper bound for the batch: more images revive more.
    """

    mean: float
    mean_error: float | None
    std: float
    std_error: float | None
    dead_fraction: float


@dataclass(frozen=True)
class SignalReport:
    """The signal of every layer, in the order of the calls, and the sample that it rests on."""

    layers: tuple[LayerSignal, ...]
    sample: Sample


def probe_signal(
    model: nn.Module, images: Float[Tensor, "n ..."], one_in: int = 1, names: Iterable[str] | None = None
) -> SignalReport:
    """Runs the images through the model, in the mode it is in, and tells the signal of every layer.

    Args:
        model: any module; its buffers are given back as they were, also in training mode.
        images: (N, C, H, W), normalised as the model expects.
        one_in: read one image in so many.
        names: the modules to read, containers too; every layer by default.

    Example:
        >>> report = probe_signal(nn.Sequential(nn.Flatten(), nn.ReLU()), torch.tensor([[[-1.0, 3.0]], [[-1.0, 1.0]]]))
        >>> [(row.kind, row.mean, row.dead_fraction) for row in report.layers]
        [('Flatten', 0.5, 0.0), ('ReLU', 1.0, 0.5)]
    """
    with preserved(model), torch.no_grad(), Probe(model, one_in, names) as probe:
        model(images)
    return read_signal(probe)


def read_signal(probe: Probe) -> SignalReport:
    """Tells the signal of every layer that ran while the probe was open.

    Raises:
        ResnetlabError: nothing has run.
    """
    return SignalReport(
        sample=probe.sample,
        layers=tuple(_signal(layer, reading) for layer, reading in probe.readings.items()),
    )


def _signal(layer: Layer, reading: Reading) -> LayerSignal:
    means, variances = reading.means.double(), reading.variances.double()
    mean, mean_error = estimate(means, reading.batch)
    # Variance within images and between them; an image's own part in the sum is what its sampling error is about.
    variance, variance_error = estimate(variances + (means - mean) ** 2, reading.batch)
    return LayerSignal(
        **vars(layer),
        mean=mean,
        mean_error=mean_error,
        std=variance**0.5,
        std_error=error_of_root(variance, variance_error),
        dead_fraction=reading.dead.item(),
    )
