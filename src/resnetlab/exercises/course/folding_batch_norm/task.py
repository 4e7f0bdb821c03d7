"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

SCALE = "scale = (bn.running_var + bn.eps).rsqrt()"
WEIGHT = "folded.weight = nn.Parameter(conv.weight * scale[:, None, None, None])"
BIAS = "folded.bias = nn.Parameter(shift + (bias - bn.running_mean) * scale)"
COPY = "folded = copy.deepcopy(conv)"

EXERCISE = Exercise(
    name="folding_batch_norm",
    title="Folding a batch norm into a convolution",
    asks=("fold",),
    hints=(
        "Write bn(conv(x)) for one channel as a · conv(x) + b. What are a and b? They do not depend on x.",
        "The factor γ / √(σ² + ε) belongs to a channel that comes out: that is dimension 0 of the weight.",
        "weight * scale[:, None, None, None], and β + (conv's bias or 0 - running_mean) * scale; ε is bn.eps.",
    ),
    mistakes=(
        Mistake(
            "epsilon-forgotten",
            "ε is left out of the root: with a small variance that changes every number",
            ((SCALE, "scale = bn.running_var.rsqrt()"),),
        ),
        Mistake(
            "epsilon-of-the-default",
            "ε is taken to be 1e-5; each norm has its own: bn.eps",
            ((SCALE, "scale = (bn.running_var + 1e-5).rsqrt()"),),
        ),
        Mistake(
            "variance-for-deviation",
            "the weights are divided by the variance; the norm divides by its root",
            ((SCALE, "scale = 1 / (bn.running_var + bn.eps)"),),
        ),
        Mistake(
            "convolution-bias-dropped",
            "the bias that the convolution had is dropped: it is normalised with the rest, (b - μ) · γ / σ",
            ((BIAS, "folded.bias = nn.Parameter(shift - bn.running_mean * scale)"),),
        ),
        Mistake(
            "convolution-bias-not-scaled",
            "the bias that the convolution had is added as it was; the norm stretches it too",
            ((BIAS, "folded.bias = nn.Parameter(bias + shift - bn.running_mean * scale)"),),
        ),
        Mistake(
            "mean-not-scaled",
            "the running mean is taken away as it is; it is stretched by γ / σ like everything else",
            ((BIAS, "folded.bias = nn.Parameter(shift + bias * scale - bn.running_mean)"),),
        ),
        Mistake(
            "mean-added",
            "the running mean is added; a norm takes it away",
            ((BIAS, "folded.bias = nn.Parameter(shift + (bias + bn.running_mean) * scale)"),),
        ),
        Mistake(
            "beta-forgotten",
            "β is left out of the new bias",
            ((BIAS, "folded.bias = nn.Parameter((bias - bn.running_mean) * scale)"),),
        ),
        Mistake(
            "gamma-forgotten",
            "γ is left out: the factor is γ / √(σ² + ε)",
            (("if bn.weight is not None:", "if False:"),),
        ),
        Mistake(
            "scaled-along-the-inputs",
            "the factor is put along the channels that go in; it belongs to those that come out, dimension 0 of "
            "the weight",
            ((WEIGHT, "folded.weight = nn.Parameter(conv.weight * scale[None, : conv.weight.shape[1], None, None])"),),
        ),
        Mistake(
            "options-lost",
            "stride, padding, dilation or groups of the convolution are lost: the new one needs them all",
            ((COPY, "folded = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size)"),),
        ),
        Mistake(
            "groups-lost",
            "the new convolution has no groups: it takes every channel, and the weights are for a part of them",
            (
                (
                    COPY,
                    "folded = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, "
                    "conv.padding, conv.dilation)",
                ),
            ),
        ),
        Mistake(
            "changed-in-place",
            "the convolution that was given is changed: make a new one, for the network may go on training",
            ((COPY, "folded = conv"),),
        ),
        Mistake(
            "norm-left-behind",
            "the norm still stands behind the convolution: the layer was to disappear",
            (("    return folded", "    return nn.Sequential(conv, bn)"),),
        ),
    ),
)
