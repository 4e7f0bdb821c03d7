"""What a network is, in words: a fact for each line of the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnetlab.specs.parts import SHORTCUTS

if TYPE_CHECKING:
    from resnetlab.analysis.block_forms import BlockForm
    from resnetlab.analysis.graph import Operation
    from resnetlab.analysis.network_form import NetworkForm
    from resnetlab.analysis.steps import Weighted

NONE = "none"
NOT_KNOWN = "not known"
ACTIVATION_NAMES = {"relu": "ReLU", "relu6": "ReLU6", "silu": "SiLU", "gelu": "GELU", "leaky_relu": "leaky ReLU"}
OPTIONS = {
    "none": "none: nothing goes round the layers",
    "A": "A: zero-padded where the shape changes",
    "B": "B: projected where the shape changes",
    "C": "C: projected on every block",
    "D": "D: pooled, then projected, where it changes",
    "1x1": "bare 1×1 on every block",
    "bare": "bare 1×1 where the shape changes",
    "identity": "identity",
    "unfitted": "identity; none where the shape changes",
    "gated": "gated",
    "scaled": "scaled",
}
MANY = 4  # names that are written out


def facts_of(form: NetworkForm, params: int, macs: int, zeroed: int | None) -> dict[str, str]:
    """The facts by topic, in the order in which they are told.

    Args:
        form: the network.
        params: trainable parameters.
        macs: multiply-adds for one image.
        zeroed: of its blocks, how many have only zeros in their last γ; None where no numbers are known.
    """
    return {
        "stem": _stem(form),
        "additions": str(len(form.additions) or NONE),
        **(_facts_of_stages(form, zeroed) if form.blocks else {"layers": _layers(form)}),
        "norm": _norms(form),
        "activation": ", ".join(ACTIVATION_NAMES.get(kind, kind) for kind, _ in form.activations) or NONE,
        "biases": _biases(form),
        "head": _head(form),
        "depth": str(form.depth),
        "parameters": f"{params:,}",
        "multiply-adds": f"{macs:,}",
    }


def _facts_of_stages(form: NetworkForm, zeroed: int | None) -> dict[str, str]:
    stages = form.stages
    return {
        "blocks": _listed([len(stage.blocks) for stage in stages]),
        "channels": _listed([stage.channels for stage in stages]),
        "inner width": _listed([stage.blocks[-1].inner for stage in stages if stage.blocks[-1].convolutions]),
        "sizes": _listed(["×".join(map(str, stage.size)) or NONE for stage in stages]),
        "block": _block(form),
        "version": version_of(form),
        "stride": _stride(form),
        "shortcut": OPTIONS.get(shortcut_option(form), "mixed: see the stages"),
        "squeeze": _squeeze(form),
        "zero-γ": _zeroed(form, zeroed),
    }


def shortcut_option(form: NetworkForm) -> str:
    """The papers' short name of the ways round the branches, where all blocks share one; else "mixed"."""
    fitting = {block.skip.kind for block in form.blocks if block.changes_shape}
    same = {block.skip.kind for block in form.blocks if not block.changes_shape}
    kinds = fitting | same
    if kinds == {"none"}:
        return "none"
    for kind in ("gated", "scaled"):
        if kinds == {kind}:
            return kind
    if kinds == {"bare 1×1"} and len(form.blocks) > len(fitting):
        return "1x1" if form.order != "pre" else "C"
    if kinds == {"projection"} and same:
        return "C"
    pooled = {block.skip.kind for block in form.blocks if block.changes_shape and block.stride > 1}
    if same <= {"identity"} and pooled == {"average pool"} and fitting <= {"average pool", "projection"}:
        return "D"  # where only the width changes there is no image to thin out
    by_fitting = {"zero-padding": "A", "projection": "B", "none": "unfitted"}
    if same <= {"identity"} and len(fitting) == 1:
        (kind,) = fitting
        if kind == "bare 1×1":
            return "B" if form.order == "pre" else "bare"
        return by_fitting.get(kind, "mixed")
    return "identity" if kinds == {"identity"} else "mixed"


def known_shortcut(form: NetworkForm) -> object:
    """The shortcut of the specs; None where it is none of theirs."""
    return SHORTCUTS.get(shortcut_option(form))


def version_of(form: NetworkForm) -> str:
    """v1, v1.5 or v2, with what makes it so."""
    order, places = form.order, set(stride_kernels(form))
    if form.common("kind") == "inverted bottleneck" or order not in ("post", "pre"):
        return f"other: {', '.join(_usual_steps(form))}"
    if order == "pre":
        return "v2: norm and activation come first"
    in_middle = form.common("kind") == "bottleneck" and places == {"3×3"}
    return f"{'v1.5' if in_middle else 'v1'}: norm and activation come after"


def stride_kernels(form: NetworkForm) -> list[str]:
    """Kernels of the convolutions that make the image smaller, each block's."""
    return [layer.signature.removeprefix("depthwise ") for block in form.blocks for layer in block.strided]


def layer_in_words(layer: Weighted) -> str:
    """A convolution as a table prints it: "7×7, 64, stride 2"; its padding where it is not half the kernel."""
    groups = f", {layer.groups} groups" if layer.groups > 1 and not layer.is_depthwise else ""
    stride = f", stride {layer.stride}" if layer.stride > 1 else ""
    usual = layer.dilation * (layer.kernel[0] - 1) // 2
    padding = f", padding {layer.padding}" if layer.padding != usual else ""
    words = f"{layer.signature}, {layer.outputs}{groups}{stride}{padding}"
    return f"{layer.outputs}-d linear" if layer.is_linear else words


def operation_in_words(operation: Operation | None, other: Operation | None) -> str:
    """An operation by its place, with what it has otherwise than another: "the convolution of conv1 (padding 0×0)".

    Args:
        operation: None stands for what comes after the last.
        other: which stands at its place in another network.
    """
    if operation is None:
        return "its end"
    told = [f"the {operation.kind.strip('_')} of {operation.module or 'the network'}"]
    alike = other is not None and other.kind == operation.kind
    theirs = other.options if other is not None and alike else operation.options
    told += [_setting(name, value) for name, value in operation.options.items() if theirs.get(name) != value]
    if other is not None and alike and other.shape != operation.shape:
        told.append(f"gives {'×'.join(map(str, operation.shape[1:]))}")
    return told[0] + (f" ({', '.join(told[1:])})" if told[1:] else "")


def _setting(name: str, value: object) -> str:
    """
    >>> _setting("kernel_size", [3, 3]), _setting("eps", 1e-3)
    ('kernel size 3×3', 'eps 0.001')
    """
    return f"{name.replace('_', ' ')} {'×'.join(map(str, value)) if isinstance(value, list | tuple) else value}"


def _stem(form: NetworkForm) -> str:
    return "; ".join([*map(layer_in_words, form.stem.convolutions), *filter(None, [form.stem.pool])]) or NONE


def _layers(form: NetworkForm) -> str:
    """A network without blocks: how many layers for each size of its maps."""
    counted = Counter((layer.size, layer.outputs) for layer in form.weighted if len(layer.size) == 2)
    on_maps = [f"{count} of {width}" for (_, width), count in counted.items()]
    vectors = [layer for layer in form.weighted if len(layer.size) != 2]
    shown = on_maps if len(on_maps) <= 2 * MANY else [f"{sum(counted.values())} convolutions"]
    return "; ".join([*shown, *([f"{len(vectors)} linear"] if vectors else [])])


def _block(form: NetworkForm) -> str:
    kind, blocks = form.common("kind"), form.blocks
    if kind == "basic":
        return _kernels(blocks[-1], "basic")
    if kind == "bottleneck":
        ratios = sorted({block.given / block.inner for block in blocks if block.kind == kind})
        expansion = ", ".join(f"{ratio:g}" for ratio in ratios[:MANY]) + (", …" if len(ratios) > MANY else "")
        groups = _all_groups(form)
        return (
            f"bottleneck, {_listed(sorted(groups))} groups" if groups != {1} else f"bottleneck, expansion {expansion}"
        )
    return _kernels(blocks[-1], str(kind))


def _kernels(block: BlockForm, kind: str) -> str:
    return f"{kind}: {', '.join('linear' if layer.is_linear else layer.signature for layer in block.convolutions)}"


def _all_groups(form: NetworkForm) -> set[int]:
    return {max((layer.groups for layer in block.convolutions), default=1) for block in form.blocks}


def _stride(form: NetworkForm) -> str:
    """Which blocks make the image smaller, and by which of their convolutions."""
    kernels = Counter(stride_kernels(form))
    first = [str(number) for number, stage in enumerate(form.stages, 1) if stage.blocks[0].stride > 1]
    later = sum(block.stride > 1 for stage in form.stages for block in stage.blocks[1:])
    if not first and not later:
        return NONE
    where = f"first of {'stages' if len(first) > 1 else 'stage'} {', '.join(first)}" if first else ""
    others = f"{later} later {'blocks' if later > 1 else 'block'}" if later else ""
    carried = f", in the {' and the '.join(kernels)}" if kernels else ", in a pool"
    return " and ".join(filter(None, [where, others])) + carried


def _squeeze(form: NetworkForm) -> str:
    blocks = [block for block in form.blocks if block.squeezed]
    if not blocks:
        return NONE
    ratios = sorted({block.squeezed for block in blocks})
    on_all = "every block" if len(blocks) == len(form.blocks) else f"{len(blocks)} blocks"
    return f"in {on_all}, {_listed(ratios)} channels inside"


def _zeroed(form: NetworkForm, zeroed: int | None) -> str:
    ending = sum(bool(block.last_norm) for block in form.blocks)
    if not ending:
        return "no norm ends a branch"
    return NOT_KNOWN if zeroed is None else f"{zeroed or NONE} of {ending}"


def _norms(form: NetworkForm) -> str:
    told = []
    for norm, _ in form.norms[:2]:
        words = [norm.kind.replace("_", " "), f"ε {norm.eps:g}"]
        words += [f"momentum {norm.momentum:g}"] if norm.momentum is not None else []
        words += [] if norm.is_affine else ["without γ and β"]
        words += ["no running averages"] if norm.kind == "batch_norm" and not norm.tracks else []
        told.append(", ".join(words))
    return "; ".join(told) + ("; …" if len(form.norms) > 2 else "") or NONE


def _biases(form: NetworkForm) -> str:
    """Which layers have a bias, those of gates apart."""
    maps = [layer for layer in form.weighted if layer.size and layer.size != (1, 1)]
    with_bias = [layer for layer in maps if layer.has_bias]
    rest = [layer for layer in form.weighted if layer not in maps and layer.has_bias]
    return f"{len(with_bias)} of {len(maps)} convolutions, {len(rest)} of {len(form.weighted) - len(maps)} others"


def _head(form: NetworkForm) -> str:
    names = {"mean": "average pool", "conv": "convolution", "act": "activation"}
    steps = form.head[1:] if form.order == "post" and form.head[:1] == ("act",) else form.head
    if not form.blocks:
        return f"{form.outputs} classes"
    last = max((at for at, step in enumerate(steps) if step in ("conv", "linear")), default=-1)
    named = (f"{form.outputs} classes" if at == last else names.get(step, step) for at, step in enumerate(steps))
    shown = [name for name in named if name not in ("select", "slice")]
    return ", ".join(shown if len(shown) <= 2 * MANY else [*shown[:MANY], "…", shown[-1]]) or NONE


def _usual_steps(form: NetworkForm) -> Sequence[str]:
    steps = form.common("steps")
    return steps if isinstance(steps, tuple) else ()


def _listed(values: Sequence[object]) -> str:
    """
    >>> _listed([3, 4, 6, 3]), _listed([16, 16, 16])
    ('3, 4, 6, 3', '16, 16, 16')
    """
    return ", ".join(map(str, values))
