"""What `resnetlab models` and `resnetlab models show` tell: the zoo as rows, one network as its paper prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnetlab.actions.networks.references import find_model
from resnetlab.core.errors import UnknownNameError
from resnetlab.specs import ZOO, ModelSpec, list_models

if TYPE_CHECKING:
    from resnetlab.analysis import StageOutline


@dataclass(frozen=True)
class ModelRow:
    """One network in a line. Nothing is built for it; the figures stand in its row of the zoo.

    Args:
        name: as a model reference.
        block: what it is made of.
        depth: weighted layers as the papers count them.
        skips: whether anything goes round its layers.
        params: trainable parameters.
        macs: multiply-adds for one image of `input_size`.
        input_size: side of the image, pixels.
        receptive_field: of the features before the head, pixels along a side, padding included; None where they see
            the whole image.
        top1: published accuracy, per cent; None where there is none.
        top1_source: whose figure that is.
        source: paper and table of the network.
    """

    name: str
    block: str
    depth: int
    skips: bool
    params: int | None
    macs: int | None
    input_size: int
    receptive_field: int | None
    top1: float | None
    top1_source: str | None
    source: str


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer: the shape of its output for one image, its cost, and what a position in it sees.

    Args:
        receptive_field: pixels along a side; None where a position sees the whole image.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    params: int
    macs: int
    receptive_field: int | None


@dataclass(frozen=True)
class ModelSheet:
    """One network in full.

    Args:
        row: it in a line, with figures that were counted.
        address: of the paper.
        deviations: where the network departs from its source.
        stages: as the paper's table has them.
        layers: in the order of their calls.
    """

    row: ModelRow
    address: str
    deviations: tuple[str, ...]
    stages: tuple[StageOutline, ...]
    layers: tuple[LayerRow, ...]


def tabulate_models(pattern: str = "*") -> list[ModelRow]:
    """Every network of the zoo whose name fits the pattern.

    Args:
        pattern: of a shell, as `resnet*`; a plain word fits every name that contains it.

    Raises:
        UnknownNameError: none fits.
    """
    names = list_models(pattern)
    if not names:
        raise UnknownNameError("model pattern", pattern, ZOO, "all models: resnetlab models")
    return [_row(ZOO[name]) for name in names]


def show_model(reference: str) -> ModelSheet:
    """One network, counted: it is built without data, so that any size costs nothing.

    Args:
        reference: a model reference.

    Raises:
        ResnetlabError: it names no network that can be built.
    """
    from resnetlab.analysis import measure_complexity, measure_receptive_field, outline
    from resnetlab.nn import build

    spec = find_model(reference)
    model, image = build(spec, "meta"), (spec.in_channels, spec.input_size, spec.input_size)
    cost, fields = measure_complexity(model, image), measure_receptive_field(model, image)
    sides = {(field.name, field.call): field.size[0] for field in fields.layers}
    return ModelSheet(
        row=_row(spec, cost.params, cost.macs, fields.final.size[0]),
        address=spec.source.paper.address,
        deviations=tuple(map(str, spec.deviations)),
        stages=outline(model, image),
        layers=tuple(
            LayerRow(at.name, at.kind, at.shape, at.params, at.macs, sides.get((at.name, at.call)))
            for at in cost.layers
            if at.kind != "Identity"
        ),
    )


def _row(
    spec: ModelSpec, params: int | None = None, macs: int | None = None, receptive_field: int | None = None
) -> ModelRow:
    """The spec in a line: counted figures where given, else those its row expects."""
    expect, top1 = spec.expect, spec.expect.top1
    return ModelRow(
        name=spec.name,
        block=spec.block_name,
        depth=spec.depth,
        skips=spec.has_skips,
        params=params or expect.params,
        macs=macs or expect.macs,
        input_size=spec.input_size,
        receptive_field=receptive_field or expect.receptive_field,
        top1=top1.percent if top1 else None,
        top1_source=top1.said_by if top1 else None,
        source=str(spec.source),
    )
