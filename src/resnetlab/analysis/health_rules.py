"""The health rules, a row each: what is measured, beyond which it fires, where that figure comes from, what to do.

Figures whose source is CALIBRATED lie above all that twelve healthy networks showed, at the start and after a training
(`health_calibration.json`; `benchmarks/health_calibration.py` measures them again).
"""

from __future__ import annotations

from resnetlab.analysis import health_measures as measure
from resnetlab.analysis.health_rule import Rule

CALIBRATED = "committed calibration: twelve healthy networks, at the start and trained"
SIGNAL = (
    "the signal {} by this many powers of ten with every weighted layer; He initialisation keeps it "
    "(He et al. 2015a, Eq. 10), and a norm layer brings it back"
)
GRADIENT = (
    "on its way back the gradient {} by this many powers of ten with every weighted layer, so that layers learn at "
    "very different rates; use He initialisation, norms, skips, and activations that do not squash"
)


def both(section: str, word: str, limit: float, sign: int, advice: str) -> tuple[Rule, Rule]:
    """A slope as an error where it adds up to three powers of ten over the depth, and else as a warning."""
    slope = measure.signal_slope if section == "signal" else measure.gradient_slope
    name = f"{word} {section}"
    source = f"{CALIBRATED}; batch norm alone gives the gradient 0.083 towards the input (Yang et al. 2019)"
    far, near = slope(sign, measure.FAR), slope(sign)
    return (
        Rule(name, "error", limit, source, far, advice, section),
        Rule(name, "warning", limit, source, near, advice, section),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "not finite",
        "error",
        0.0,
        "definition",
        measure.not_finite,
        "here infinite numbers or NaN begin; look at this layer's weights, at its input, and at divisions by zero; "
        "where no layer is named, a function between the layers makes them",
    ),
    Rule(
        "gradient not finite",
        "error",
        0.0,
        "definition",
        measure.gradient_not_finite,
        "the outputs are numbers, and the gradient that comes back here is none: behind this layer stands something "
        "without a slope where the signal is, as a root, a logarithm or a division at zero; add a small number there",
        section="gradient",
    ),
    *both("signal", "vanishing", 0.15, -1, SIGNAL.format("shrinks")),
    *both("signal", "exploding", 0.15, 1, SIGNAL.format("grows")),
    *both("gradient", "vanishing", 0.25, -1, GRADIENT.format("shrinks")),
    *both("gradient", "exploding", 0.25, 1, GRADIENT.format("grows")),
    Rule(
        "squashing activation",
        "warning",
        0.3,
        "σ' ≤ 1/4 everywhere (Glorot & Bengio 2010, §3)",
        measure.squashing,
        "this activation passes on less than a third of the gradient; a ReLU passes all of it where it is positive",
        fires_below=True,
    ),
    Rule(
        "saturated activation",
        "warning",
        0.5,
        "Glorot & Bengio 2010, §3.1: a saturated layer learns late or never",
        measure.saturated,
        "most outputs lie at a bound of the activation, where its gradient is nearly zero; smaller weights or a norm "
        "before it, or a ReLU",
    ),
    Rule(
        "dead channels",
        "warning",
        0.2,
        CALIBRATED,
        measure.dead_channels,
        "this share of the layer's channels is zero for every image and learns nothing; a lower learning rate, "
        "another initialisation, or a norm before the activation brings them back",
    ),
    Rule(
        "dead units",
        "warning",
        0.9,
        CALIBRATED,
        measure.dead_units,
        "this share of the layer's units, each a single number, is zero for every image and learns nothing; smaller "
        "weights, a lower learning rate, or a norm before the activation brings them back",
    ),
    Rule(
        "collapsed norm",
        "warning",
        0.25,
        CALIBRATED,
        measure.collapsed,
        "this share of the norm's channels has a variance below its epsilon: what comes in hardly differs between "
        "images, and dividing by it amplifies noise; look at the layer before",
        section="norms",
    ),
    Rule(
        "stale statistics",
        "warning",
        1.0,
        CALIBRATED,
        measure.drifted_means,
        "the running means are this many deviations from those of these images: other preprocessing than in training, "
        "other data, or statistics that were not updated; check --mean and --std, or estimate them anew",
        section="norms",
    ),
    Rule(
        "stale statistics",
        "warning",
        0.5,
        CALIBRATED,
        measure.drifted_variances,
        "the running variances differ from those of these images by this many powers of ten: other preprocessing than "
        "in training, other data, or statistics that were not updated; check --mean and --std, or estimate them anew",
        section="norms",
    ),
    Rule(
        "norm evaluates in training",
        "error",
        0.0,
        "definition",
        measure.evaluates_in_training,
        "model.train() leaves this batch norm in evaluation mode: it normalises by running statistics that no batch "
        "updates; remove what keeps it there, or freeze its parameters too if that is meant",
        section="norms",
    ),
    Rule(
        "statistics never move",
        "error",
        0.0,
        "definition",
        measure.never_move,
        "the running statistics of this batch norm stay as they are in training, so that evaluation normalises by "
        "numbers nobody measured; give it a momentum above 0, 0.1 is usual",
        section="norms",
    ),
    Rule(
        "frozen but moving",
        "warning",
        0.0,
        "definition",
        measure.frozen_but_moving,
        "no parameter here learns, but its running statistics move with every batch in training mode, so that what "
        "was frozen changes; put it into evaluation mode after model.train()",
        section="norms",
    ),
    Rule(
        "no gradient",
        "error",
        0.0,
        "definition",
        measure.without_gradient,
        "this many parameters ask for a gradient and get none: their output is not used, or the way back is cut by "
        "detach(), no_grad(), or a product with zero, as of two zeroed layers in a row, which wait for each other",
        section="gradient",
    ),
    Rule(
        "auxiliary head",
        "info",
        0.0,
        "definition",
        measure.auxiliary,
        "this many parameters have no part in the logits that are looked at; they learn from another output of the "
        "network, as auxiliary heads do (Szegedy et al. 2015, §5), which the loss of a training has to take in",
        section="gradient",
    ),
    Rule(
        "frozen",
        "info",
        0.0,
        "definition",
        measure.frozen,
        "this many parameters ask for no gradient, so that they stay as they are in training",
        section="gradient",
    ),
    Rule(
        "waits for others",
        "info",
        0.0,
        "definition",
        measure.waiting,
        "this many parameters have no gradient at the first step, because a scale behind them begins at zero, as the "
        "last γ of a block may (Goyal et al. 2017, §5.1); they learn from the second step on",
        section="gradient",
    ),
    Rule(
        "bias under batch norm",
        "info",
        0.0,
        "the norm takes the mean of each channel off",
        measure.biased,
        "the batch norm behind this layer takes its bias off again: bias=False saves memory and changes nothing",
        section="norms",
    ),
    Rule(
        "input out of range",
        "error",
        20.0,
        "an image in [0, 1], less its mean, over a deviation of 0.05 or more lies within ±20",
        measure.input_range,
        "the largest number that enters the first layer: pixels of 0 to 255 were not scaled; divide by 255, take off "
        "the mean and divide by the deviation",
        section="outputs",
    ),
    Rule(
        "input off centre",
        "info",
        1.0,
        "inputs of mean zero are learned from faster (LeCun et al. 1998, §4.3)",
        measure.input_off_centre,
        "what enters the first layer has a mean of this many of its deviations: it is not normalised, or by another "
        "mean; a trained network needs the --mean and --std that it was trained with",
        section="outputs",
    ),
    Rule(
        "loss at the start",
        "warning",
        1.0,
        f"{CALIBRATED}; a network that knows nothing gives every class the same probability",
        measure.first_loss,
        "an untrained network's loss is this far from log(classes), so that its first steps only undo that; begin "
        "with smaller weights in the head and no bias, and check that labels and classes fit",
        section="outputs",
    ),
    Rule(
        "biased head",
        "warning",
        0.15,
        CALIBRATED,
        measure.biased_head,
        "the head gives one class this much more probability, mean over the images, than its share of the labels and "
        "three standard errors: trained on unbalanced classes, or the images are not what it was trained on",
        section="outputs",
    ),
    Rule(
        "shifted labels",
        "error",
        0.3,
        "what chance gives each shift, and three standard errors, are taken off before",
        measure.shifted_labels,
        "the accuracy is this much higher if the labels are moved on: classes are counted from another number, or "
        "stand in another order; compare the class names of network and data",
        section="outputs",
    ),
    Rule(
        "unbalanced data",
        "info",
        10.0,
        "convention",
        measure.unbalanced_data,
        "the most frequent class has this many times the images of the rarest one that has any; look at the "
        "accuracy of each class",
        section="outputs",
    ),
    Rule(
        "half-precision overflow",
        "warning",
        65504.0,
        "the largest number of IEEE 754 binary16",
        measure.largest,
        "the largest number in this layer's output or gradient: float16 would make it infinite; train in bfloat16 or "
        "float32, or keep this layer in float32",
    ),
)
