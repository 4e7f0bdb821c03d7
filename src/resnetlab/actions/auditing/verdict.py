"""The verdict on a model, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnetlab.specs import ModelSpec, find_spec

if TYPE_CHECKING:
    from resnetlab.actions.auditing.identity import Identity
    from resnetlab.analysis.findings import Finding
    from resnetlab.analysis.network_form import NetworkForm

TITLES = (
    (r"^wide_resnet(\d+)_(\d+)$", r"Wide ResNet-\1-\2"),
    (r"^wrn(\d+)_(\d+)$", r"WRN-\1-\2"),
    (r"^resnext(\d+)_(\w+)$", r"ResNeXt-\1 \2"),
    (r"^seresnet(\d+)$", r"SE-ResNet-\1"),
    (r"^preact_resnet(\d+)$", r"pre-activation ResNet-\1"),
    (r"^resnetv2_(\d+)$", r"ResNet-\1 v2"),
    (r"^resnet(\d+)_cifar$", r"ResNet-\1 for CIFAR"),
    (r"^resnet(\d+)d$", r"ResNet-\1-D"),
    (r"^(resnet|plain|vgg|densenet)(\d+)(_bn)?$", lambda found: _plain_title(*found.groups())),
)
SMALL_CHANGES = frozenset({"num_classes", "in_channels"})
TOLD = 4  # topics or findings that are named


def title_of(name: str) -> str:
    """
    >>> title_of("resnet50"), title_of("wide_resnet50_2"), title_of("vgg16_bn"), title_of("efficientnet_b0")
    ('ResNet-50', 'Wide ResNet-50-2', 'VGG-16 with batch norm', 'efficientnet_b0')
    """
    for pattern, title in TITLES:
        if re.match(pattern, name):
            return re.sub(pattern, title, name)
    return name


def _plain_title(family: str, depth: str, norm: str | None) -> str:
    families = {"resnet": "ResNet", "plain": "plain-", "vgg": "VGG", "densenet": "DenseNet"}
    name = f"{families[family]}-{depth}".replace("--", "-")
    return f"{name} with batch norm" if norm else name


def verdict_on(
    form: NetworkForm, identity: Identity | None, findings: Sequence[Finding], differences: Sequence[str]
) -> str:
    """Which network it is, in which version; what it departs in; how many mistakes were found.

    Args:
        form: the network.
        identity: what it was recognised as.
        findings: about it.
        differences: topics on which it differs from the nearest row.
    """
    wrong = [finding.name for finding in findings if finding.kind == "mistake"]
    mistakes = f"; {_count(wrong, 'mistake')}: {_some(wrong)}" if wrong else ""
    if identity is None or identity.spec is None:
        return f"{_kind(form)}, near no network of the zoo{mistakes}"
    if identity.is_exact:
        return _exact(form, identity.spec) + mistakes
    near = title_of(identity.row)
    told = f": {_some(differences)} {'differ' if len(differences) > 1 else 'differs'}" if differences else ""
    return f"{_kind(form)}, nearest to {near} but not it{told}{mistakes}"


def paper_of(identity: Identity) -> str:
    """The paper of the nearest row, and what its network counts; of one that we have as v1.5, as the paper has it."""
    row = find_spec(identity.row)
    told = f"{row.source} · {row.source.paper.address}"
    if row.expect.params and row.expect.macs:
        told += f"\n{title_of(row.name)}: {row.expect.params:,} parameters, {row.expect.macs:,} multiply-adds"
        if any("stride_in" in deviation.fields for deviation in row.deviations):
            told += f" ({_macs_as_v1(row):,} as v1)"
    return told


def _macs_as_v1(row: ModelSpec) -> int:
    from resnetlab.analysis import count_macs
    from resnetlab.nn import build

    image = (row.in_channels, row.input_size, row.input_size)
    return count_macs(build(row.with_fields(stride_in="1x1"), "meta"), image)


def _kind(form: NetworkForm) -> str:
    if not form.additions:
        return "a network without residual addition"
    return f"a residual network of {_count(form.additions, 'addition')}"


def _exact(form: NetworkForm, spec: ModelSpec) -> str:
    row = find_spec(spec.name.partition("[")[0])
    changed = re.findall(r"(\w+)=([^,\]]+)", spec.name.partition("[")[2])
    departing = [f"{field}={value}" for field, value in changed if field not in SMALL_CHANGES]
    small = [_small_change(field, value) for field, value in changed if field in SMALL_CHANGES]
    title = title_of(row.name) + (f" ({', '.join(small)})" if small else "")
    plain = "" if form.additions else ", without residual addition"
    late = spec.field_value("stride_in") if "stride_in" in spec.changeable_fields() else ""
    pre = form.order == "pre"  # there v1.5 is no name
    v15 = [deviation for deviation in row.deviations if "stride_in" in deviation.fields and not pre]
    if v15 and late == "1x1" and departing == ["stride_in=1x1"]:
        return f"{title} v1, as {row.source}: stride 2 stands in the first 1×1"
    if departing:
        return f"{title} with {', '.join(departing)}, not as {row.source}{plain}"
    others = [str(deviation) for deviation in row.deviations if deviation not in v15]
    if v15:
        also = f"; {'; '.join(others)}" if others else ""
        return f"{title} v1.5 (torchvision), not the paper's v1: stride 2 stands in the 3×3{also}"
    if others:
        return f"{title}{plain}, not quite as {row.source}: {'; '.join(others)}"
    return f"{title}{plain}, as {row.source}"


def _small_change(field: str, value: str) -> str:
    return f"{value} {'classes' if field == 'num_classes' else 'input channels'}"


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    return ", ".join([*shown[:TOLD], *(["…"] if len(shown) > TOLD else [])])
