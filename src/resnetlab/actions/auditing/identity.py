"""Which row of the zoo a network is, or is nearest to, by what it computes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resnetlab.actions.auditing.facts import known_shortcut, stride_kernels
from resnetlab.core.errors import ResnetlabError
from resnetlab.specs import ZOO, ModelSpec, NetworkSpec, find_spec
from resnetlab.specs.nearest import as_row
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.specs.parts import (
    Basic,
    Block,
    Bottleneck,
    Projection,
    RegNetBottleneck,
    Shortcut,
    Squeeze,
    Stages,
    Stem,
)
from resnetlab.weights.residual_inference import infer_squeeze

if TYPE_CHECKING:
    from resnetlab.analysis.network_form import NetworkForm

FAR = 2.0  # times as many parameters, and a row is no neighbour
NEAR = 0.5  # of the layers are the same, or more


@dataclass(frozen=True)
class Identity:
    """What a network was recognised as.

    Args:
        row: name of the nearest row of the zoo.
        spec: that row, with fields changed to what was read off the network; None where nothing near was found.
        is_exact: the network computes what the spec's does, weights apart.
    """

    row: str
    spec: ModelSpec | None
    is_exact: bool


def identify_form(form: NetworkForm, params: int, input_size: tuple[int, ...]) -> Identity | None:
    """The row of the zoo that a network is nearest to; None where none is near."""
    from resnetlab.analysis import fingerprint, read_network
    from resnetlab.nn import build

    wanted = fingerprint(form.graph)
    nearest = None
    for spec in _candidates(form, params, input_size):
        try:
            built = read_network(build(spec, "meta"), input_size)
        except ResnetlabError:
            continue
        if fingerprint(built.graph) == wanted:
            return Identity(spec.name.partition("[")[0], spec, True)
        nearest = spec if nearest is None and _in_common_with(form, built) >= NEAR else nearest
    return Identity(nearest.name.partition("[")[0], nearest, False) if nearest else None


def _candidates(form: NetworkForm, params: int, input_size: tuple[int, ...]) -> list[ModelSpec]:
    channels = input_size[0]
    if form.residual_blocks and form.common("kind") in ("basic", "bottleneck"):
        spec = spec_of(form, channels)
        if spec is not None:
            row = find_spec(as_row(spec).name.partition("[")[0])
            read = as_row(spec.but(input_size=row.input_size))  # which is no part of what it computes
            return [read, row.with_fields(num_classes=form.outputs, in_channels=channels)]
    return [row.with_fields(num_classes=form.outputs, in_channels=channels) for row in _rows_by_size(form, params)]


def _rows_by_size(form: NetworkForm, params: int) -> list[ModelSpec]:
    """Rows with as many parameters, the head's apart, and with skips where there are some; the nearest first."""
    last = form.weighted[-1].inputs if form.weighted else 0

    def ratio(row: ModelSpec) -> float:
        other = (row.expect.params or 1) - (row.num_classes - form.outputs) * (last + 1)
        return max(other, params) / max(1, min(other, params))

    alike = [row for row in ZOO.values() if row.has_skips == bool(form.additions) or not form.additions]
    near = sorted((row for row in alike if ratio(row) < FAR), key=lambda row: (ratio(row), row.has_skips))
    return near[:3]


def _in_common_with(form: NetworkForm, other: NetworkForm) -> float:
    """The share of layers that two networks have in common, by kernel and width."""
    layers = [Counter((layer.signature, layer.outputs) for layer in each.weighted) for each in (form, other)]
    return (layers[0] & layers[1]).total() / max(1, *(counted.total() for counted in layers))


def spec_of(form: NetworkForm, in_channels: int) -> NetworkSpec | None:
    """The spec of a residual network of basic or bottleneck blocks, read off its computation; None where none fits."""
    shortcut, stem = known_shortcut(form), form.stem.convolutions
    if not stem or any(layer.is_linear for layer in stem):
        return None
    try:
        block = _block(form)
        widths = [stage.channels / block.expansion for stage in form.stages]
        return NetworkSpec(
            name="network",
            source=Source(HE_2015),
            stem=Stem(
                stem[-1].outputs, stem[0].kernel[0], stem[0].stride, bool(form.stem.pool), 3 if len(stem) == 3 else 1
            ),
            block=block,
            stages=Stages(
                tuple(int(width) for width in widths),
                tuple(len(stage.blocks) for stage in form.stages),
                first_stride=form.blocks[0].stride,
            ),
            shortcut=shortcut if isinstance(shortcut, Shortcut) else Projection(),
            num_classes=form.outputs,
            in_channels=in_channels,
            input_size=224 if stem[0].stride == 2 else 32,
        )
    except (ResnetlabError, ValueError, ZeroDivisionError):
        return None


def _block(form: NetworkForm) -> Block:
    common = _in_common(form)
    if form.common("kind") == "basic":
        return Basic(**common)
    last = [stage.blocks[-1] for stage in form.stages]
    groups = [max(layer.groups for layer in block.convolutions) for block in last]
    per_group = [block.inner // count for block, count in zip(last, groups, strict=True)]
    if len(set(per_group)) == 1 and all(block.inner == block.given for block in last) and common["order"] == "post":
        return RegNetBottleneck(**common, group_width=per_group[0])
    stem = form.stem.convolutions[-1].outputs
    own_widening = groups[0] == 1 and last[0].inner == stem and last[0].given % stem == 0
    widening = last[0].given // stem if own_widening else Bottleneck.widening
    return Bottleneck(
        **common,
        widening=widening,
        stride_in="1x1" if set(stride_kernels(form)) == {"1×1"} else "3x3",
        groups=groups[0],
        base_width=round(64 * last[0].inner * widening / (groups[0] * last[0].given)),
    )


def _in_common(form: NetworkForm) -> dict[str, Any]:
    activation = form.activations[0][0] if form.activations else "relu"
    known = {"relu", "sigmoid", "tanh", "silu"}
    return {
        "order": "pre" if form.order == "pre" else "post",
        "norm": "batch" if form.normalises else "none",
        "activation": activation if activation in known else "relu",
        "squeeze": _squeeze(form),
    }


def _squeeze(form: NetworkForm) -> Squeeze | None:
    """The squeeze that all blocks follow; a usual one where they follow none."""
    widths = [(block.squeezed, block.given, block.taken) for block in form.blocks if block.squeezed]
    return (infer_squeeze(widths) or Squeeze()) if widths else None
