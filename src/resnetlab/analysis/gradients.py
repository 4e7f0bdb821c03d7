"""The backward signal: the norm of the loss's gradient at every layer's output and weights, for any module."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.probe import Probe, Reading
from resnetlab.analysis.sampling import Sample, error_of_root, estimate
from resnetlab.analysis.tracing import Layer
from resnetlab.analysis.untouched import preserved
from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True)
class LayerGradient(Layer):
    """The gradient at one call of one layer.

    Attributes:
        output_norm: Euclidean norm, over the whole batch, of the gradient with respect to the output; None where
            no gradient came by.
        output_error: standard error of `output_norm`, to first order; 0 where every image was read.
        parameter_norm: norm of the gradient with respect to all parameters of the layer, its calls together; None
            where it has none, or none that learns.
    """

    output_norm: float | None
    output_error: float | None
    parameter_norm: float | None


@dataclass(frozen=True)
class GradientReport:
    """The gradient at every layer, in the order of the forward calls, and the sample that it rests on.

    `parameters` has the norm of the gradient of every single parameter by name; those are exact.
    """

    layers: tuple[LayerGradient, ...]
    parameters: dict[str, float]
    sample: Sample


def probe_gradients(
    model: nn.Module,
    images: Float[Tensor, "n ..."],
    loss: Callable[[Tensor], Tensor],
    one_in: int = 1,
    names: Iterable[str] | None = None,
) -> GradientReport:
    """Runs forward and backward once, in the mode the model is in, and tells the gradient at every layer.

    Frozen layers are covered too. No `grad` is written or changed.

    Args:
        model: any module; its buffers are given back as they were, also in training mode.
        images: (N, C, H, W), normalised as the model expects.
        loss: scalar loss of the model's output, for instance `lambda logits: F.cross_entropy(logits, targets)`.
        one_in: read one image in so many.
        names: the modules to read, containers too; every layer by default.
    """
    return read_gradients(probe_both_ways(model, images, loss, one_in, names))


def probe_both_ways(
    model: nn.Module,
    images: Float[Tensor, "n ..."],
    loss: Callable[[Tensor], Tensor],
    one_in: int = 1,
    names: Iterable[str] | None = None,
) -> Probe:
    """Runs forward and backward once, as `probe_gradients`, and gives the probe that read both.

    Its gradients are for `read_gradients`, its signal for `read_signal`.

    Args:
        model: any module; its buffers are given back as they were, also in training mode.
        images: (N, C, H, W), normalised as the model expects.
        loss: scalar loss of the model's output.
        one_in: read one image in so many.
        names: the modules to read, containers too; every layer by default.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with preserved(model), torch.enable_grad(), Probe(model, one_in, names) as probe:
        source = images.detach().requires_grad_()
        # The clone lets a model whose first layer writes in place have its input.
        torch.autograd.grad(loss(model(source.clone())), [source, *parameters], allow_unused=True)
    return probe


def read_gradients(probe: Probe) -> GradientReport:
    """Tells the gradient at every layer that ran while the probe was open.

    Raises:
        ResnetlabError: nothing has run, or no backward pass.
    """
    sample = probe.sample
    if not probe.parameter_gradients and all(reading.gradients is None for reading in probe.readings.values()):
        raise ResnetlabError(
            f"no gradient came by while the probe of {type(probe.model).__name__} was open;\n"
            "call `backward()` inside `with Probe(model)`"
        )
    norms = {parameter: norm.item() for parameter, norm in probe.parameter_gradients.items()}
    return GradientReport(
        layers=tuple(
            _gradient(layer, reading, [norms[p] for p in probe.modules[layer.name].parameters() if p in norms])
            for layer, reading in probe.readings.items()
        ),
        parameters={name: norms[p] for name, p in probe.model.named_parameters() if p in norms},
        sample=sample,
    )


def _gradient(layer: Layer, reading: Reading, parameter_norms: list[float]) -> LayerGradient:
    output_norm, output_error = None, None
    if reading.gradients is not None:
        square, error = estimate(reading.gradients * reading.batch, reading.batch)
        output_norm, output_error = square**0.5, error_of_root(square, error)
    return LayerGradient(
        **vars(layer),
        output_norm=output_norm,
        output_error=output_error,
        parameter_norm=math.hypot(*parameter_norms) if parameter_norms else None,
    )
