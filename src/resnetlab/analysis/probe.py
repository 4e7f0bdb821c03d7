"""The one mechanism behind signal and gradients: what every layer gives, and the gradient that comes back to it.

A `Probe` is open during a forward pass, with or without its backward pass. Forward hooks read the outputs and put
tensor hooks on them: backward hooks on modules would break on an in-place ReLU. Little is read, one image in
`one_in` of every layer, and what the sample leaves open is stated as a standard error.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from resnetlab.analysis.sampling import Sample
from resnetlab.analysis.tracing import Layer, layers_of, modules_named, tensors_in, watching
from resnetlab.core.errors import ResnetlabError


@dataclass
class Reading:
    """What was read at one call of a layer, with an entry for each image that was read.

    Attributes:
        batch: images that went through, read or not.
        means, variances: of each image's output.
        dead: share of the units of the output that were zero for every image read.
        gradients: squared norm of the gradient of the loss with respect to each image's output; None before the
            backward pass, or where it does not reach the layer.
    """

    batch: int
    means: Float[Tensor, " read"]
    variances: Float[Tensor, " read"]
    dead: Float[Tensor, ""]
    gradients: Float[Tensor, " read"] | None = None


class Probe:
    """Reads every layer while it is open, the last pass through the model counts; leaves nothing on the model.

    Args:
        model: any module.
        one_in: read one image in so many; 1 reads all of them.
        names: the modules to read, containers such as blocks too; every layer by default.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        >>> with Probe(model) as probe:
        ...     model(torch.ones(16, 4)).sum().backward()
        >>> [layer.name for layer in probe.readings]
        ['0', '1']
        >>> probe.sample
        Sample(images=2, batch=16, one_in=8)

    Raises:
        ResnetlabError: `one_in` is below one, or the model has no module of one of the names.
    """

    def __init__(self, model: nn.Module, one_in: int = 8, names: Iterable[str] | None = None) -> None:
        if one_in < 1:
            raise ResnetlabError(f"one_in is {one_in}; it must be 1, which reads every image, or more")
        self.model = model
        self.one_in = one_in
        self.modules = layers_of(model) if names is None else modules_named(model, names)
        self.readings: dict[Layer, Reading] = {}
        self.parameter_gradients: dict[nn.Parameter, Float[Tensor, ""]] = {}
        self._open = ExitStack()

    def __enter__(self) -> Probe:
        with ExitStack() as opening:
            opening.enter_context(watching(self.model, self.modules, self._read))
            opening.callback(self.model.register_forward_pre_hook(self._begin).remove)
            for parameter in self.model.parameters():
                if parameter.requires_grad:
                    hook = partial(self._read_parameter, parameter)
                    opening.callback(parameter.register_hook(hook).remove)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    @property
    def sample(self) -> Sample:
        """How much of the batch was read, at the first layer that ran.

        Raises:
            ResnetlabError: nothing has run while the probe was open.
        """
        if not self.readings:
            raise ResnetlabError(
                f"no layer of {type(self.model).__name__} ran while the probe was open;\n"
                "call the model inside `with Probe(model)`; of a compiled model, probe the original"
            )
        first = next(iter(self.readings.values()))
        return Sample(len(first.means), first.batch, self.one_in)

    def _begin(self, module: nn.Module, inputs: Any) -> None:
        self.readings.clear()

    def _read(self, layer: Layer, inputs: Any, output: Any) -> None:
        tensor = next(tensors_in(output))
        if not tensor.is_floating_point() or tensor.numel() == 0:
            return
        rows = self._sampled(tensor)
        # Two passes over the sample: on a CPU torch.var_mean takes fifteen times as long, (rows == 0).all() six times.
        means = rows.mean(dim=1)
        variances = torch.linalg.vector_norm(rows - means[:, None], dim=1).square() / rows.shape[1]
        dead = (rows.abs().sum(dim=0) == 0).to(rows.dtype).mean()
        reading = Reading(len(tensor) if tensor.dim() else 1, means, variances, dead)
        self.readings[layer] = reading
        if tensor.requires_grad:
            self._open.callback(tensor.register_hook(partial(self._read_gradient, reading)).remove)

    def _read_gradient(self, reading: Reading, gradient: Tensor) -> None:
        reading.gradients = torch.linalg.vector_norm(self._sampled(gradient), dim=1).square()

    def _read_parameter(self, parameter: nn.Parameter, gradient: Tensor) -> None:
        self.parameter_gradients[parameter] = torch.linalg.vector_norm(gradient.detach())

    def _sampled(self, tensor: Tensor) -> Float[Tensor, "read units"]:
        rows = tensor.detach().reshape(-1, 1) if tensor.dim() < 2 else tensor.detach().flatten(1)
        return rows[:: self.one_in].float() if rows.dtype != torch.float64 else rows[:: self.one_in]
