"""Mistakes in how blocks make a network: strides, widths, stem, head; and what departs from the papers knowingly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from resnetlab.analysis.block_findings import BLOCK_CHECKS, classical, of_order
from resnetlab.analysis.block_forms import BlockForm
from resnetlab.analysis.findings import Check, Finding, deviation, mistake
from resnetlab.analysis.fingerprint import fingerprints
from resnetlab.analysis.graph import Operation
from resnetlab.analysis.network_form import NetworkForm, StageForm
from resnetlab.analysis.operations import NORMS
from resnetlab.analysis.skip_findings import SKIP_CHECKS

EXPANSION = 4  # He et al. 2015, Figure 5 right
CIFAR_WIDTHS = (16, 32, 64)  # He et al. 2015, §4.2
PAPER_DEPTHS = ((2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3))  # He et al. 2015, Table 1
PHOTOGRAPH_CLASSES = 1000
HEAVY_MOMENTUM = 0.5


def find_findings(form: NetworkForm) -> tuple[Finding, ...]:
    """Everything noticed about a network, mistakes first."""
    found = [finding for check in (*SKIP_CHECKS, *BLOCK_CHECKS, *NETWORK_CHECKS) for finding in check(form)]
    return tuple(sorted(found, key=lambda finding: finding.kind != "mistake"))


def strides(form: NetworkForm) -> Iterator[Finding]:
    stages = [stage for stage in form.stages if stage.blocks[0] in classical(form)]
    every = [stage for stage in stages if len(stage.blocks) > 1 and all(block.stride > 1 for block in stage.blocks)]
    yield from mistake(
        "stride in every block",
        (block.place for stage in every for block in stage.blocks[1:]),
        "only the first block of a stage makes the image smaller",
    )
    late = [block.place for stage in stages if stage not in every for block in stage.blocks[1:] if block.stride > 1]
    yield from mistake(
        "stride in the wrong block", late, "the first block of a stage makes the image smaller, no other"
    )
    necks = [block for block in classical(form) if block.kind == "bottleneck" and block.strided]
    yield from mistake(
        "stride in the last 1×1",
        (block.place for block in necks if block.convolutions[-1] in block.strided),
        "the 3×3 works on the large image for a result that is thinned out; it stands in the 3×3, or in the first 1×1",
    )
    yield from mistake(
        "stride in the wrong stage",
        _wrong_stages(form, stages),
        "the image is halved where the width doubles, and not in the first stage",
    )


def _wrong_stages(form: NetworkForm, stages: list[StageForm]) -> Iterator[str]:
    for number, stage in enumerate(stages):
        first = stage.blocks[0]
        if number == 0 and first.stride > 1 and (form.stem.pool or _keeps_full_size(form, first)):
            yield first.place
        widens = number > 0 and stage.channels >= 2 * stages[number - 1].channels
        if widens and first.stride == 1 and not _dilated(stage.blocks):
            yield first.place


def _keeps_full_size(form: NetworkForm, first: BlockForm) -> bool:
    """Whether the stem is one for small images, at whose width and size the first stage begins."""
    stem = form.stem.convolutions
    keeps_width = bool(first.convolutions) and first.convolutions[0].outputs == first.taken
    return len(stem) == 1 and stem[0].stride == 1 and keeps_width


def _dilated(blocks: Iterable[BlockForm]) -> list[str]:
    return [block.place for block in blocks if any(layer.dilation > 1 for layer in block.convolutions)]


def _is_cifar(form: NetworkForm) -> bool:
    """Whether it is one of the paper's networks for CIFAR-10, whatever its skips and strides."""
    stem = form.stem.convolutions
    return tuple(stage.channels for stage in form.stages) == CIFAR_WIDTHS and [
        (layer.kernel, layer.stride) for layer in stem
    ] == [((3, 3), 1)]


def expansion(form: NetworkForm) -> Iterator[Finding]:
    stages = [stage for stage in form.stages if stage.blocks[-1].kind == "bottleneck"]
    grouped = any(layer.groups > 1 for block in classical(form) for layer in block.convolutions)
    if grouped or not stages or len(stages) != len(form.stages) or not form.stem.convolutions:
        return
    base = form.stem.convolutions[-1].outputs
    as_paper = all(stage.blocks[-1].inner == base * 2**number for number, stage in enumerate(stages))
    odd = [stage for stage in stages if as_paper and stage.channels != EXPANSION * stage.blocks[-1].inner]
    found = ", ".join(f"{ratio:g}" for ratio in sorted({stage.channels / stage.blocks[-1].inner for stage in odd}))
    yield from mistake(
        "expansion differs",
        (stage.blocks[0].place for stage in odd),
        f"a bottleneck gives {EXPANSION} times its inner width; here {found} times",
    )


def widths(form: NetworkForm) -> Iterator[Finding]:
    stages = form.stages
    free = any(block.kind == "bottleneck" and block.inner == block.given for block in classical(form))  # a RegNet
    if len(stages) < 3 or free or not classical(form):
        return
    bases = [stage.channels / 2**number for number, stage in enumerate(stages)]
    base = max(bases, key=bases.count)
    if bases.count(base) == len(stages) - 1:
        ((number, odd),) = [(at, stage) for at, stage in enumerate(stages) if bases[at] != base]
        expected = round(base * 2**number)
        yield from mistake(
            "stage width differs",
            [odd.blocks[0].place],
            f"{odd.channels} channels, where doubling from stage to stage gives {expected}",
        )


def projections_for_cifar(form: NetworkForm) -> Iterator[Finding]:
    blocks = of_order(form, "post") if _is_cifar(form) and form.common("kind") == "basic" else ()
    places = (block.place for block in blocks if block.skip.kind in ("projection", "average pool", "bare 1×1"))
    yield from mistake(
        "projection in the paper's CIFAR network",
        places,
        "He et al. 2015, §4.2: identity skips in all cases, zero-padded where the shape changes (option A)",
    )


def cifar_stem(form: NetworkForm) -> Iterator[Finding]:
    stem = form.stem
    depths = tuple(len(stage.blocks) for stage in form.stages)
    small = len(stem.convolutions) == 1 and stem.convolutions[0].stride == 1
    if not (small and depths in PAPER_DEPTHS and classical(form)):
        return
    if stem.pool or form.blocks[0].size_taken == form.graph[0].size:
        report = mistake if form.outputs >= PHOTOGRAPH_CLASSES else deviation
        found = f"{stem.convolutions[0].signature} of stride 1 and {'a' if stem.pool else 'no'} max-pooling"
        yield from report(
            "CIFAR stem",
            [stem.convolutions[0].name],
            f"{found}, for small images; the paper's is 7×7 of stride 2, then pooling",
        )


def stem_activation(form: NetworkForm) -> Iterator[Finding]:
    first = form.blocks[0] if form.blocks else None
    if first not in of_order(form, "post") or not form.stem.convolutions:
        return
    behind = form.stem.steps[::-1][: form.stem.steps[::-1].index("conv")]
    yield from mistake(
        "activation of the stem missing",
        [form.stem.convolutions[-1].name] if "act" not in behind else [],
        "nothing stands between the stem's norm and the first block, which takes what is activated",
    )


def final_norm(form: NetworkForm) -> Iterator[Finding]:
    if not of_order(form, "pre"):
        return
    end = next((at for at, word in enumerate(form.head) if word in ("mean", "conv", "linear")), len(form.head))
    normalised = form.head[:end] + (form.blocks[-1].tail if "norm" in form.blocks[-1].tail else ())
    missing = [name for name, word in (("norm", "norm"), ("activation", "act")) if word not in normalised]
    yield from mistake(
        "final norm and activation missing",
        [form.blocks[-1].place] if missing else (),
        f"pre-activation needs one more norm and activation after the last addition; missing: {' and '.join(missing)}",
    )


def shared_layers(form: NetworkForm) -> Iterator[Finding]:
    """Layers that serve at two places; where the same is only computed twice, it is one place."""
    graph, computed = form.graph, fingerprints(form.graph)
    uses: dict[int, set[str]] = {}
    norms: set[int] = set()
    for at in sorted(graph.needed) if form.additions else ():
        for parameter in graph.parameters_of(at) if graph[at].depends_on_input else ():
            uses.setdefault(parameter, set()).add(computed[at])
            norms |= {parameter} if graph[at].kind in NORMS else set()
    twice = [parameter for parameter, places in uses.items() if len(places) > 1]
    yield from mistake(
        "norm used twice",
        (_layer(graph[at]) for at in twice if at in norms),
        "its running averages mix what two places need apart, and evaluation normalises both by the mixture",
    )
    yield from deviation(
        "layer used twice", (_layer(graph[at]) for at in twice if at not in norms), "one set of weights for two places"
    )


def _layer(parameter: Operation) -> str:
    return parameter.name.rpartition(".")[0] or parameter.name


def norm_settings(form: NetworkForm) -> Iterator[Finding]:
    norms = [norm for norm, _ in form.norms if norm.kind == "batch_norm"]
    heavy = {norm.momentum for norm in norms if (norm.momentum or 0) > HEAVY_MOMENTUM}
    yield from mistake(
        "batch norm momentum",
        (f"{momentum:g}" for momentum in heavy if momentum is not None),
        "in PyTorch it is the weight of the new batch: what other libraries call 0.9 is 0.1 here",
    )
    batchwise = ["batch norm"] if any(not norm.tracks for norm in norms) else []
    yield from deviation("no running averages", batchwise, "evaluation depends on which images share a batch")


def known_choices(form: NetworkForm) -> Iterator[Finding]:
    strided = [block for block in of_order(form, "post") if block.kind == "bottleneck" and block.strided]
    late = [block.place for block in strided if block.strided[0] is block.convolutions[1]]
    late = late if all(layer.groups == 1 for block in strided for layer in block.convolutions) else []
    yield from deviation("v1.5", late, "stride 2 stands in the 3×3; He et al. 2015 have it in the first 1×1 (v1)")
    yield from deviation("dilation", _dilated(form.blocks), "the kernel is spread where the paper strides")
    softmax = ["the head"] if any("softmax" in step for step in form.head) else []
    yield from deviation("softmax inside", softmax, "cross-entropy losses apply it once more")
    unused = form.unused if form.additions else ()
    yield from deviation("never used", unused, "parameters that no output depends on")
    looked = ["forward"] if form.graph.looked_at_numbers else []
    yield from deviation(
        "looks at numbers",
        looked,
        "the way depends on the image's values; what is told here is the way of a black image",
    )


NETWORK_CHECKS: tuple[Check, ...] = (
    strides,
    expansion,
    widths,
    projections_for_cifar,
    cifar_stem,
    stem_activation,
    final_norm,
    shared_layers,
    norm_settings,
    known_choices,
)
