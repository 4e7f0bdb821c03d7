"""What the looks at a network's health show, in sentences, figures and tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure
from resnetlab.analysis.health import HealthFinding
from resnetlab.pages.diagnosis_page import PageTable
from resnetlab.pages.numbers import ABSENT, percent
from resnetlab.pages.numbers import number as number_text

if TYPE_CHECKING:
    from resnetlab.analysis.health_look import HealthLook
    from resnetlab.analysis.layer_statistics import LayerState

Looks = Mapping[str, "HealthLook"]
"""Time, "now" or "start" → what was seen then."""

MOST_MARKED = 3  # layers named in a figure
AS_DRAWN = "as drawn"


def signal_section(looks: Looks, findings: tuple[HealthFinding, ...], not_done: tuple[str, ...]) -> Section:
    """How the signal goes through: spread, dead channels and effective rank by depth, with a row for each layer."""
    now, layers = looks["now"], looks["now"].weighted
    spreads = [layer.std for layer in layers if layer.std > 0 and math.isfinite(layer.std)]
    dead = [layer for layer in now.layers if layer.is_activation]
    lead = f"{now.images} images went through in training mode. "
    if spreads:
        lead += (
            f"The outputs of the {len(layers)} weighted layers spread by {number(min(spreads))} to "
            f"{number(max(spreads))}, {number(spreads[0])} in the first and {number(spreads[-1])} in the last. "
        )
    if dead:
        worst = max(dead, key=lambda layer: layer.dead_channels)
        most = f"At most {percent(worst.dead_channels)} of an activation's channels are dead, in {worst.name}."
        lead += most if worst.dead_channels else "No channel of an activation is dead."
    curves = [
        _Curve("signal-spread", "Spread of the signal", "standard deviation", lambda layer: layer.std, log_y=True),
        _Curve("signal-rank", "Directions that are used", "effective rank / highest possible", _rank_share),
    ]
    if any(layer.dead_channels for look in looks.values() for layer in _activations(look)):
        share = "share of the channels"
        curves.append(_Curve("signal-dead", "Dead channels", share, lambda layer: layer.dead_channels, _activations))
    figures = [_by_depth(curve, looks, findings) for curve in curves]
    return Section(
        "signal",
        "The signal on its way forward",
        lead,
        tuple(figures),
        (_layer_table(now),),
        {
            "images": now.images,
            **{time: [asdict(layer) for layer in look.layers] for time, look in looks.items()},
            "squashing_functions": [asdict(call) for call in now.squashing],
        },
        findings,
        not_done,
    )


def gradient_section(looks: Looks, findings: tuple[HealthFinding, ...]) -> Section:
    """How the gradient comes back: norms by depth, beside the weights, and how noisy it is."""
    now = looks["now"]
    noise = now.noise
    lead = f"The gradient of {noise.batch_size} images has the norm {number(noise.norm)}, all weights together. "
    if noise.cosine is not None:
        lead += f"Those of one batch and the next point alike by a cosine of {number(noise.cosine)}. "
    if noise.noise_scale is not None:
        lead += (
            f"As far as {noise.batches} batches tell, the noise scale is about {number(noise.noise_scale)}: the "
            "number of images in a batch beyond which more of them help little (McCandlish et al. 2018)."
        )
    elif noise.batches > 1:
        lead += "The batches are too noisy, or too few, to tell the noise scale."
    outputs = _Curve("gradient-depth", "Gradient at the outputs", "norm of the gradient", lambda one: one.gradient,
                     log_y=True)  # fmt: skip
    figures = (_by_depth(outputs, looks, findings), _ratio_figure(looks))
    numbers = {
        time: {
            "noise": asdict(look.noise),
            "parameters": [asdict(one) | {"gradient_to_weight": _ratio(one)} for one in look.parameters],
        }
        for time, look in looks.items()
    }
    return Section(
        "gradient", "The gradient on its way back", lead.strip(), figures, (_parameter_table(now),), numbers, findings
    )


def norm_section(looks: Looks, findings: tuple[HealthFinding, ...]) -> Section:
    """What batch norms remember beside what they meet."""
    from resnetlab.pages.diagnosis_figures import by_depth

    now = looks["now"]
    drifts = [(norm.mean_drift, norm.name) for norm in now.norms if norm.mean_drift is not None]
    lead = f"The network has {len(now.norms)} batch norms. "
    if drifts and now.is_trained:
        worst = max(drifts)
        lead += (
            f"Their running means lie up to {number(worst[0])} running deviations from those of these images, the "
            f"farthest in {worst[1]}."
        )
    elif drifts:
        lead += "Their running statistics are as drawn: no training has moved them yet."
    figures: tuple[SectionFigure, ...] = ()
    if drifts and now.is_trained:
        lines = {
            "means, in deviations": [norm.mean_drift for norm in now.norms],
            "variances, in powers of ten": [norm.variance_drift for norm in now.norms],
        }
        figure = by_depth(lines, x="batch norm", y="running less those of the images")
        figures = (SectionFigure("norm-drift", "Running statistics beside these images", figure),)
    rows = tuple(
        (norm.name, str(norm.channels), "mean of all" if norm.momentum is None else f"{norm.momentum:g}",
         {True: "yes", False: "no", None: "–"}[norm.has_moved], percent(norm.collapsed),
         number(norm.mean_drift) if now.is_trained else "–", number(norm.variance_drift) if now.is_trained else "–")
        for norm in now.norms
    )  # fmt: skip
    columns = ("Norm", "Channels", "Momentum", "Moves", "Collapsed", "Means apart", "Variances apart")
    tables = (PageTable("Norm by norm", columns, rows, ("Channels", *columns[4:])),) if rows else ()
    numbers = {time: [asdict(norm) for norm in look.norms] for time, look in looks.items()}
    return Section("norms", "Batch norms", lead.strip(), figures, tables, numbers, findings)


def output_section(looks: Looks, findings: tuple[HealthFinding, ...], classes: Sequence[str]) -> Section:
    """Loss, accuracy and what the head favours; what enters the first layer."""
    from resnetlab.pages.diagnosis_figures import given_and_true

    now = looks["now"]
    outputs, chance = now.outputs, math.log(len(now.outputs.labels))
    lead = (
        f"In evaluation mode {percent(outputs.accuracy)} of the images are recognised, at a loss of "
        f"{number(outputs.loss)} nats; in training mode the loss is {number(outputs.training_loss)}. A network that "
        f"knows nothing has log({len(outputs.labels)}) = {number(chance)}."
    )
    if "start" in looks:
        lead += f" Freshly drawn, it has {number(looks['start'].outputs.training_loss)}."
    if now.weighted:
        first = now.weighted[0]
        lead += (
            f" What enters the first layer, {first.name}, has a mean of {number(first.input_mean)} and a deviation of "
            f"{number(first.input_std)}, and goes up to {number(first.input_largest)}."
        )
    finite = all(map(math.isfinite, outputs.probabilities))
    figure = given_and_true(outputs.probabilities, outputs.labels, classes) if finite else None
    caption = "Over all images; of more than 20 classes those that are farthest apart."
    title = "What the head gives, and what is true"
    figures = (SectionFigure("output-classes", title, figure, caption),) if figure is not None else ()
    numbers: dict[str, Any] = {time: asdict(look.outputs) for time, look in looks.items()}
    numbers["log_classes"] = chance
    numbers["is_trained"] = now.is_trained
    return Section("outputs", "Input and outputs", lead, figures, (), numbers, findings)


def _weighted(look: HealthLook) -> list[LayerState]:
    return list(look.weighted)


def _activations(look: HealthLook) -> list[LayerState]:
    return [layer for layer in look.layers if layer.is_activation]


@dataclass(frozen=True)
class _Curve:
    """A quantity of layers by depth: how its figure is called, and where the values come from."""

    slug: str
    title: str
    y: str
    value: Callable[[LayerState], float | None]
    layers: Callable[[HealthLook], list[LayerState]] = _weighted
    log_y: bool = False


def _by_depth(curve: _Curve, looks: Looks, findings: Sequence[HealthFinding]) -> SectionFigure:
    from resnetlab.pages.diagnosis_figures import by_depth

    lines = {time: [curve.value(layer) for layer in curve.layers(look)] for time, look in looks.items()}
    fired = dict.fromkeys(one.layer for one in findings if one.severity != "info")
    names = [layer.name for layer in curve.layers(looks["now"])]
    named = {names.index(name): name for name in fired if name in names}
    marked = dict(list(named.items())[:MOST_MARKED])
    x = "activation" if curve.layers is _activations else "weighted layer"
    figure = by_depth(_named(lines), x=x, y=curve.y, log_y=curve.log_y, named=marked)
    return SectionFigure(curve.slug, curve.title, figure)


def _ratio_figure(looks: Looks) -> SectionFigure:
    from resnetlab.pages.diagnosis_figures import by_depth

    ratios = _named({time: _ratios(look) for time, look in looks.items()})
    return SectionFigure(
        "gradient-ratio",
        "Gradient beside the weights",
        by_depth(ratios, x="weighted layer", y="norm of gradient / norm of weights", log_y=True),
        "A step of SGD moves a parameter by this much of itself, times the learning rate.",
    )


def _named(lines: Mapping[str, Sequence[float | None]]) -> dict[str, Sequence[float | None]]:
    words = {"start": "freshly drawn", "now": "now"}
    return {words[time]: lines[time] for time in words if time in lines}


def _rank_share(layer: LayerState) -> float | None:
    return layer.effective_rank / layer.rank_limit if layer.effective_rank is not None and layer.rank_limit else None


def _ratio(parameter: Any) -> float | None:
    return parameter.gradient / parameter.norm if parameter.gradient is not None and parameter.norm else None


def _ratios(look: HealthLook) -> list[float | None]:
    """Of the weights of every weighted layer."""
    parameters = {one.name: one for one in look.parameters}
    weights = (parameters.get(f"{layer.name}.weight") for layer in look.weighted)
    return [None if one is None else _ratio(one) for one in weights]


def _parameter_table(look: HealthLook) -> PageTable:
    rows = tuple(
        (one.name, f"{one.size:,}", "yes" if one.learns else "frozen", number(one.norm), number(one.gradient),
         number(_ratio(one)))
        for one in look.parameters
    )  # fmt: skip
    columns = ("Parameter", "Numbers", "Learns", "Norm", "Gradient", "Gradient / norm")
    return PageTable("Parameter by parameter", columns, rows, ("Numbers", *columns[3:]))


def _layer_table(look: HealthLook) -> PageTable:
    rows = tuple(
        (layer.name + (f" (call {layer.call})" if layer.call > 1 else ""), layer.kind,
         "×".join(map(str, layer.shape)), number(layer.mean), number(layer.std), percent(layer.dead_channels),
         ABSENT if layer.saturated is None else percent(layer.saturated), number(layer.effective_rank),
         number(layer.gradient))
        for layer in look.layers
    )  # fmt: skip
    columns = ("Layer", "Kind", "Output", "Mean", "Deviation", "Dead channels", "Saturated", "Effective rank",
               "Gradient")  # fmt: skip
    note = "In training mode, in the order of the calls; the effective rank is of channels over 256 places."
    return PageTable("Layer by layer", columns, rows, columns[3:], note)


def number(value: float | None) -> str:
    """As it is read; a dash for what is none."""
    return ABSENT if value is None or not math.isfinite(value) else number_text(value)
