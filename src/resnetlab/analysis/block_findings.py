"""Mistakes inside blocks, told by comparing each block with what its order of norm and activation asks for.

Papers: He et al. 2015, Figure 5 and §3.3, "post": a norm after every convolution, an activation after the addition;
He et al. 2016, Figure 1b, "pre": norm and activation before every convolution, nothing after the addition.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from resnetlab.analysis.block_forms import BlockForm
from resnetlab.analysis.findings import Check, Finding, mistake
from resnetlab.analysis.network_form import NetworkForm

FEW = 4  # one in so many


def classical(form: NetworkForm) -> tuple[BlockForm, ...]:
    """The blocks of the two papers, basic and bottleneck, of a network that is made of them and normalises."""
    found = tuple(block for block in form.blocks if block.kind in ("basic", "bottleneck"))
    return found if form.normalises and form.residual_blocks and 2 * len(found) > len(form.blocks) else ()


def of_order(form: NetworkForm, order: str) -> tuple[BlockForm, ...]:
    """The classical blocks of a network whose blocks mostly have this order."""
    return classical(form) if form.order == order else ()


def last_activation(form: NetworkForm) -> Iterator[Finding]:
    blocks = [block for block in of_order(form, "post") if block.skip.kind != "none"]
    early = [block for block in blocks if block.tail[-1:] == ("act",)]
    yield from mistake(
        "activation before the addition",
        (block.place for block in early),
        "the branch ends in an activation, so that it can only add: it belongs after the addition",
    )
    missing = [block for block in blocks if "act" not in block.after and block not in early]
    yield from mistake(
        "activation after the addition missing",
        (block.place for block in missing),
        "the sum goes on without the block's last activation",
    )


def pre_activation(form: NetworkForm) -> Iterator[Finding]:
    blocks = of_order(form, "pre")
    ways = [(block, block.after + later.lead) for block, later in pairwise(form.blocks)]
    ways += [(block, block.after) for block in form.blocks[-1:]]
    late = [block.place for block, way in ways if block in blocks and way[:1] == ("act",) and "norm" in way]
    yield from mistake(
        "activation after the addition",
        late,
        "pre-activation adds to an x that nothing was done to: this activation stands before the next block's own",
    )
    linear = [block for block in blocks if "norm" not in block.tail]  # else Han et al. 2017 leave it out knowingly
    yield from mistake(
        "first activation missing",
        (block.place for block in linear if "act" not in block.before + block.lead),
        "no activation stands between the addition before and the branch's first convolution",
    )


def projection_norm(form: NetworkForm) -> Iterator[Finding]:
    blocks = of_order(form, "post")
    bare = [block for block in blocks if block.skip.convolution is not None and "norm" not in block.skip.steps]
    bare = [block for block in bare if block.skip.kind in ("bare 1×1", "average pool")]
    if len(bare) < len(form.residual_blocks) or len(bare) == 1:  # on every skip it is He et al. 2016, Figure 2e
        layers = (block.skip.convolution.name for block in bare if block.skip.convolution is not None)
        yield from mistake(
            "projection without norm", layers, "a norm follows the other convolutions, and not this one"
        )


def norms_missing(form: NetworkForm) -> Iterator[Finding]:
    layers = [layer for block in of_order(form, "post") for layer in block.convolutions]
    stem = form.stem.convolutions
    layers += stem[-1:] if layers and not any(layer.norm for layer in stem) else ()
    bare = [layer.name for layer in layers if not layer.norm]
    yield from mistake("norm missing", bare, "no norm follows this convolution, as one follows the others")
    early = [block.place for block in of_order(form, "pre") if not _normalises_each_layer(block)]
    yield from mistake("norm missing", early, "a convolution of the branch has no norm, before it or after it")


def inner_activation(form: NetworkForm) -> Iterator[Finding]:
    blocks = [block for block in classical(form) if any("act" not in between for between in _between_layers(block))]
    yield from mistake(
        "activation missing in the branch",
        (block.place for block in blocks),
        "two convolutions follow each other with no activation between, and are one linear map",
    )


def bias_under_norm(form: NetworkForm) -> Iterator[Finding]:
    layers = [
        layer.name for layer in form.weighted if layer.has_bias and layer.norm == "batch_norm" and layer.size != (1, 1)
    ]
    yield from mistake(
        "bias under batch norm",
        layers if form.additions else (),
        "the norm subtracts the mean, and this bias with it: bias=False",
    )


def inner_width(form: NetworkForm) -> Iterator[Finding]:
    blocks, odd, usual = classical(form), [], set()
    for stage in form.stages:
        inner = [block.inner for block in stage.blocks if block in blocks]
        most = max(inner, key=inner.count, default=0)
        different = [block.place for block in stage.blocks if block in blocks and block.inner != most]
        odd += different
        usual |= {most} if different else set()
    if FEW * len(odd) <= len(blocks):  # else it was pruned, and no two need be alike
        others = ", ".join(map(str, sorted(usual)))
        yield from mistake("inner width differs", odd, f"the other blocks of the stage are {others} wide inside")


def _between_layers(block: BlockForm) -> Iterator[tuple[str, ...]]:
    places = [at for at, word in enumerate(block.steps) if word == "conv"]
    return (block.steps[first:second] for first, second in pairwise(places))


def _normalises_each_layer(block: BlockForm) -> bool:
    """Before every one, or after every one: the ReLU-only pre-activation of He et al. 2016, Figure 4d, does that."""
    before = ["norm" in block.lead or "norm" in block.before]
    before += ["norm" in between for between in _between_layers(block)]
    return all(before) or all(layer.norm for layer in block.convolutions)


BLOCK_CHECKS: tuple[Check, ...] = (
    last_activation,
    pre_activation,
    projection_norm,
    norms_missing,
    inner_activation,
    bias_under_norm,
    inner_width,
)
