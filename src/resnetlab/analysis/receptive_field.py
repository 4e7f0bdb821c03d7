"""The receptive field of every layer of any module, by arithmetic.

A copy without data runs once, and windows of pixels are followed through its operations. `receptive_field_mask` finds
the same by the gradient, knowing nothing of this arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from resnetlab.analysis.footprints import Footprints
from resnetlab.analysis.tracing import Layer, tensors_in, watching
from resnetlab.analysis.untouched import run_without_data, weightless_copy
from resnetlab.analysis.windows import Footprint
from resnetlab.core.errors import ResnetlabError


@dataclass(frozen=True)
class LayerField(Layer):
    """What a position in the output of one call of one module sees of the image, along each side of it.

    Attributes:
        size: pixels, padding included; None where a position sees the image from end to end, as after a global
            pooling.
        stride: pixels from one position to the next.
        start: first pixel that position 0 sees; negative where padding comes before the image.
    """

    size: tuple[int | None, ...]
    stride: tuple[int, ...]
    start: tuple[int | None, ...]


@dataclass(frozen=True)
class ReceptiveFields:
    """The receptive fields of all modules, containers too, in the order in which they end.

    Attributes:
        final: of the last module whose output is still a map of the image: the features before the head.
    """

    input_size: tuple[int, ...]
    layers: tuple[LayerField, ...]
    final: LayerField


def measure_receptive_field(model: nn.Module, input_size: tuple[int, ...]) -> ReceptiveFields:
    """Computes the receptive field of every module inside the model, which is not touched.

    Paper: Araujo, Norris & Sim 2019 (Distill). Where branches meet, the field covers what either of them sees.

    Args:
        model: any module that takes images.
        input_size: one image, (channels, height, width); the fields do not depend on it.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
        >>> measure_receptive_field(model, (1, 8, 8)).final.size
        (5, 5)

    Raises:
        ResnetlabError: the model cannot take this size, or does something for which there is no arithmetic.
    """
    twin = weightless_copy(model)
    footprints = Footprints()
    rows: list[LayerField] = []
    maps: list[LayerField] = []

    def note(layer: Layer, inputs: Any, output: Any) -> None:
        tensor = next(tensors_in(output))
        footprint = footprints.of(tensor)
        if footprint is not None:
            rows.append(_row(layer, footprint))
            if footprint and all(w.dim is not None and (tensor.shape[w.dim] > 1 or not w.is_whole) for w in footprint):
                maps.append(rows[-1])

    twin.register_forward_pre_hook(lambda module, inputs: footprints.follow(inputs[0]))
    with footprints, watching(twin, dict(twin.named_modules()), note):
        run_without_data(twin, input_size, "meta")
    if not maps:
        raise ResnetlabError(
            f"no module of {type(model).__name__} keeps a map of the image: it has no receptive field"
        )
    return ReceptiveFields(tuple(input_size), tuple(rows), final=maps[-1])


def _row(layer: Layer, footprint: Footprint) -> LayerField:
    return LayerField(
        **vars(layer),
        size=tuple(None if w.is_whole else int(w.last - w.first + 1) for w in footprint),
        stride=tuple(window.stride for window in footprint),
        start=tuple(None if w.is_whole else int(w.first) for w in footprint),
    )
