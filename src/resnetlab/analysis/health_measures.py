"""What the health rules measure: for each the places it applies to, with a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from resnetlab.analysis.health_look import HealthLook
from resnetlab.analysis.health_structure import Structure
from resnetlab.analysis.layer_statistics import LayerState
from resnetlab.analysis.squashing_calls import SquashingCall

Found = Iterator[tuple[str | None, float]]
"""Places with their values."""
Measure = Callable[[HealthLook, Structure], Found]
Quantity = Callable[[LayerState], float | None]
FEWEST_LAYERS = 4  # below which a slope says nothing
LEAST_CHANGE = 1.0  # powers of ten over the whole depth, below which nobody would notice
SIGMOID_SLOPE = 0.25  # σ' at its steepest
FAR_FROM_NORMAL = 5.0  # mean or deviation of what enters; of normalised images they are about 0 and 1
FAR = 3.0  # powers of ten over the whole depth, from which on training is slow or fails


def not_finite(look: HealthLook, structure: Structure) -> Found:
    for layer in (*look.layers, *look.evaluation_layers):
        if not layer.is_finite:
            yield layer.name, 1.0
            return
    if not look.outputs.are_finite_in_both_modes:  # by a function that no module shows
        yield None, 1.0


def gradient_not_finite(look: HealthLook, structure: Structure) -> Found:
    """Where the outputs are numbers and the gradient is none: the layer that it came back to first."""
    if not look.outputs.are_finite_in_both_modes:
        return
    places = [(layer.name, layer.gradient) for layer in reversed(look.layers)]
    places += [(one.name, one.gradient) for one in look.parameters]
    for name, gradient in places:
        if gradient is not None and not math.isfinite(gradient):
            yield name, 1.0
            return


def signal_slope(sign: int, least: float = LEAST_CHANGE) -> Measure:
    """By how much the signal's deviation grows (sign 1) or falls (-1) with each weighted layer, in powers of ten."""
    return _trend("rising_signal" if sign > 0 else "falling_signal", lambda layer: layer.std, sign, least)


def gradient_slope(sign: int, least: float = LEAST_CHANGE) -> Measure:
    """By how much the gradient grows (sign 1) or falls (-1) on its way back, with each weighted layer."""
    name = "exploding_gradient" if sign > 0 else "vanishing_gradient"
    return _trend(name, lambda layer: layer.gradient, -sign, least, backward=True)


def _trend(name: str, value: Quantity, sign: int, least: float, backward: bool = False) -> Measure:
    """A measure of this name, by which the calibration knows it."""

    def found(look: HealthLook, structure: Structure) -> Found:
        place, slope = _slope(look.weighted, value, backward, least)
        yield place, sign * slope

    found.__name__ = name if least == LEAST_CHANGE else f"{name}_far"
    return found


def squashing(look: HealthLook, structure: Structure) -> Found:
    for layer in _squashing_layers(look, structure):
        if layer.gradient_gain is not None:
            yield layer.name, layer.gradient_gain
    calls = list(_squashing_calls(look, structure))
    yield from ((one.layer or None, one.gradient_gain) for one in calls if one.gradient_gain is not None)
    seen = {layer.name for layer in look.layers if layer.saturated is not None} | {one.call.module for one in calls}
    yield from ((name or None, SIGMOID_SLOPE) for name in structure.sigmoids if name not in seen)  # of scripted code


def saturated(look: HealthLook, structure: Structure) -> Found:
    yield from ((one.name, one.saturated) for one in _squashing_layers(look, structure) if one.saturated is not None)
    yield from ((one.layer or None, one.saturated) for one in _squashing_calls(look, structure))


def _squashing_layers(look: HealthLook, structure: Structure) -> Iterator[LayerState]:
    """Modules that squash and are no gates, as far as the recorded computation tells them apart."""
    if not structure.not_read:
        yield from (one for one in look.layers if one.saturated is not None and one.name not in structure.gates)


def _squashing_calls(look: HealthLook, structure: Structure) -> Iterator[SquashingCall]:
    """The same of functions."""
    if not structure.not_read:
        yield from (one for one in look.squashing if one.call not in structure.gate_calls)


def dead_channels(look: HealthLook, structure: Structure) -> Found:
    yield from _dead(look, maps=True)


def dead_units(look: HealthLook, structure: Structure) -> Found:
    yield from _dead(look, maps=False)


def _dead(look: HealthLook, maps: bool) -> Found:
    """Of the layers that give feature maps, or of those that give one number for each channel.

    Where a drawn network's branches begin at zero, channels that a skip padded wait for them and are not dead.
    """
    if maps and not look.is_trained and any(one.waits for one in look.parameters):
        return
    layers = look.evaluation_layers if look.is_trained else look.layers  # running statistics as drawn mean nothing
    passed = 0.0  # the largest share since the last layer with weights, told already
    for layer in layers:
        if (len(layer.shape) > 1) != maps:
            continue
        if layer.is_activation:
            passed = max(passed, layer.dead_channels)
            yield layer.name, layer.dead_channels
        elif layer.dead_inputs is not None:  # what a function gave that no module shows is seen where it is taken
            if layer.dead_inputs > passed:
                yield layer.name, layer.dead_inputs
            passed = 0.0


def collapsed(look: HealthLook, structure: Structure) -> Found:
    yield from ((norm.name, norm.collapsed) for norm in look.norms)


def drifted_means(look: HealthLook, structure: Structure) -> Found:
    if look.is_trained:
        yield from ((norm.name, norm.mean_drift) for norm in look.norms if norm.mean_drift is not None)


def drifted_variances(look: HealthLook, structure: Structure) -> Found:
    if look.is_trained:
        yield from ((norm.name, norm.variance_drift) for norm in look.norms if norm.variance_drift is not None)


def evaluates_in_training(look: HealthLook, structure: Structure) -> Found:
    yield from ((norm.name, 1.0) for norm in look.norms if norm.evaluates_in_training and not norm.is_frozen)


def never_move(look: HealthLook, structure: Structure) -> Found:
    for norm in look.norms:
        if norm.has_moved is False and not norm.evaluates_in_training:
            yield norm.name, 1.0


def frozen_but_moving(look: HealthLook, structure: Structure) -> Found:
    norms = {norm.name: norm.is_frozen for norm in look.norms}
    for buffer, change in look.moved.items():
        owner, _, kind = buffer.rpartition(".")
        own = [one.learns for one in look.parameters if _inside(one.name, owner)]
        if kind == "running_mean" and norms.get(owner, bool(own) and not any(own)):
            yield owner, change


def without_gradient(look: HealthLook, structure: Structure) -> Found:
    yield from _whole_modules(look, {one.name for one in look.parameters if one.has_no_gradient})


def auxiliary(look: HealthLook, structure: Structure) -> Found:
    yield from _whole_modules(look, {one.name for one in look.parameters if one.is_auxiliary})


def frozen(look: HealthLook, structure: Structure) -> Found:
    yield from _whole_modules(look, {one.name for one in look.parameters if not one.learns})


def waiting(look: HealthLook, structure: Structure) -> Found:
    waiting = sum(one.size for one in look.parameters if one.waits)
    if waiting:
        yield None, float(waiting)


def biased(look: HealthLook, structure: Structure) -> Found:
    yield from ((name, 1.0) for name in structure.biased)


def input_range(look: HealthLook, structure: Structure) -> Found:
    if look.weighted:
        first = look.weighted[0]  # normalised images of low contrast have large numbers too, but of a deviation near 1
        is_far = max(abs(first.input_mean), first.input_std) > FAR_FROM_NORMAL
        yield first.name, first.input_largest if is_far else 0.0


def input_off_centre(look: HealthLook, structure: Structure) -> Found:
    if look.weighted and look.weighted[0].input_std:
        first = look.weighted[0]
        yield first.name, abs(first.input_mean) / first.input_std


def first_loss(look: HealthLook, structure: Structure) -> Found:
    if not look.is_trained:
        yield look.head, abs(look.outputs.training_loss - math.log(len(look.outputs.labels)))


def biased_head(look: HealthLook, structure: Structure) -> Found:
    if look.is_trained:
        classes = len(look.outputs.labels)
        excess = 0.0
        for given, share in zip(look.outputs.probabilities, look.outputs.labels, strict=True):
            expected = max(share, 1 / classes)
            excess = max(excess, given - expected - 3 * math.sqrt(expected * (1 - expected) / look.images))
        yield look.head, excess


def shifted_labels(look: HealthLook, structure: Structure) -> Found:
    if look.is_trained and len(look.outputs.shifted) > 2:
        _, *above = [
            right - by_chance - 3 * math.sqrt(by_chance * (1 - by_chance) / look.images)
            for right, by_chance in zip(look.outputs.shifted, look.outputs.shifted_by_chance, strict=True)
        ]
        yield None, max(above) - max(look.outputs.shifted[0] - look.outputs.shifted_by_chance[0], 0.0)


def unbalanced_data(look: HealthLook, structure: Structure) -> Found:
    counts = [share * look.images for share in look.outputs.labels if share]
    if len(counts) > 1 and max(counts) >= 20:
        yield None, max(counts) / min(counts)


def largest(look: HealthLook, structure: Structure) -> Found:
    yield from ((layer.name, layer.largest) for layer in look.layers if math.isfinite(layer.largest))


def _slope(
    layers: Sequence[LayerState],
    value: Quantity,
    backward: bool,
    least: float,
) -> tuple[str | None, float]:
    """Powers of ten by which a value grows with each layer, and the first layer, on the signal's way, that shows it.

    The slope is Theil and Sen's, the median over all pairs of layers, so that single layers do not decide; 0 where the
    layers are few or the whole change is small.
    """
    from scipy.stats import theilslopes

    values = ((at, layer.name, value(layer)) for at, layer in enumerate(layers))
    known = [(at, name, number) for at, name, number in values if number and math.isfinite(number)]
    if len(known) < FEWEST_LAYERS:
        return None, 0.0
    logs = [math.log10(number) for _, _, number in known]
    slope = float(theilslopes(logs, [at for at, _, _ in known])[0])  # a layer without a value keeps its place
    if abs(slope) * (known[-1][0] - known[0][0]) < least:
        return None, 0.0
    steps = [(after - before) * math.copysign(1, slope) for before, after in pairwise(logs)]
    order = range(len(steps) - 1, -1, -1) if backward else range(len(steps))
    at = next((at for at in order if steps[at] >= abs(slope) / 2), 0)
    return known[at if backward else at + 1][1], slope


def _inside(parameter: str, module: str) -> bool:
    return not module or parameter.startswith(f"{module}.")


def _whole_modules(look: HealthLook, names: set[str]) -> Found:
    """The largest modules all of whose learning parameters are among the names, with how many numbers those have."""
    sizes = {one.name: one.size for one in look.parameters}
    learning = [one.name for one in look.parameters if one.learns or one.name in names]
    told: set[str] = set()
    for name in (name for name in learning if name in names):
        if name in told:
            continue
        parts = name.split(".")
        paths = [".".join(parts[:length]) for length in range(1, len(parts))]
        insides = {path: [one for one in learning if _inside(one, path)] for path in paths}
        whole = next((path for path in paths if set(insides[path]) <= names), None)
        inside = [name] if whole is None else insides[whole]
        told.update(inside)
        yield whole or name, float(sum(sizes[one] for one in inside))
