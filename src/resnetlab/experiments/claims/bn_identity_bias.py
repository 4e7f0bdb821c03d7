"""Batch norm makes deep residual blocks nearly the identity: their branches shrink as one over the root of the depth.

De & Smith 2020, §2: at initialisation a normalised branch adds the same variance in every block, so the variance on
the skip grows in proportion to the number of blocks, and block ℓ changes its input by one part in √ℓ only. Without
normalisation a branch is as large as what comes in, and the variance multiplies from block to block.

Protocol: pre-activation residual networks of one stage, 32 basic blocks of 16 channels, so that nothing resets the
skip, with and without BN, He initialisation, before the first step. 32 images go through in training mode. Variance is
that of all values of a block's output. With BN the slope of its logarithm over that of the block's number is 1 where
it grows in proportion; the part asks for a slope between 0.8 and 1.2. Without BN two laws are fitted to the logarithm
of the variance by least squares: exponential growth must have less than half the error of a power.

What this does not show: that this is why deep networks with BN can be trained, which the paper argues and
`normalizer_free` (standard tier) tests. In networks of several stages the projection between two of them resets the
variance, and ReLUs after the addition change the constants.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from resnetlab.analysis import probe_signal
from resnetlab.experiments.base import Arm, Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.statistics import initialisation_interval
from resnetlab.nn import build
from resnetlab.pages.figures import draw_curves, label, new_figure, seeds_text
from resnetlab.specs import find_spec
from resnetlab.specs.papers import DE_2020, Source
from resnetlab.specs.parts import Stages, Stem

BLOCKS = 32
WIDTH = 16
IMAGES = 32
DRAWS = 20
WITH, WITHOUT = "with BN", "without BN"
ARMS = (Arm(WITH, "batch", DRAWS), Arm(WITHOUT, "none", DRAWS))
PLACES = np.arange(1.0, BLOCKS + 1)


def measure(run: Run) -> Measures:
    spec = find_spec("resnet20").but(
        name="preactivation",
        stem=Stem(WIDTH),
        stages=Stages(widths=(WIDTH,), depths=(BLOCKS,)),
        order="pre",
        norm=run.arm.settings,
        in_channels=run.data.channels,
    )
    names = [f"layer1.{place}" for place in range(BLOCKS)]
    report = probe_signal(build(spec).train(), run.data.train_images[:IMAGES], names=names)
    return {"log_variance": [2 * math.log(layer.std) for layer in report.layers]}


def slopes(results: Results) -> NDArray[np.float64]:
    """Of ln variance over ln block with BN, one a draw."""
    return np.array([np.polyfit(np.log(PLACES), curve, 1)[0] for curve in results.values(WITH, "log_variance")])


def error_of_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The root mean square of what the best straight line leaves of y."""
    slope, start = np.polyfit(x, y, 1)
    return float(np.sqrt(np.mean((y - slope * x - start) ** 2)))


def exponential_over_power(results: Results) -> list[float]:
    """ln of the power law's error over that of the exponential, without BN, one a draw."""
    curves = results.values(WITHOUT, "log_variance")
    return [math.log(error_of_line(np.log(PLACES), curve) / error_of_line(PLACES, curve)) for curve in curves]


PARTS = (
    Part(
        "with BN the variance on the skip grows in proportion to the block's number",
        effect=lambda results: 0.2 - np.abs(slopes(results) - 1),
        above=0.0,
        unit="0.2 minus the distance of the slope from 1",
        interval=initialisation_interval,
    ),
    Part(
        "without BN it grows exponentially",
        effect=exponential_over_power,
        above=math.log(2),
        unit="ln error of a power law / of an exponential",
        interval=initialisation_interval,
    ),
)


def finding(results: Results) -> str:
    grown = results.values(WITHOUT, "log_variance").mean(axis=0)
    factor = math.exp((grown[-1] - grown[0]) / (BLOCKS - 1))
    last = results.values(WITH, "log_variance")[:, -2:]
    share = float(np.mean(1 - np.exp(last[:, 0] - last[:, 1])))
    return (
        f"With BN the variance on the skip grows as the block's number to the power {slopes(results).mean():.2f}, and "
        f"block {BLOCKS} adds {share:.1%} of it; without, each block multiplies it by {factor:.2f}."
    )


def figure(results: Results) -> Figure:
    drawn, panels = new_figure(columns=2)
    lines = {arm.name: results.values(arm.name, "log_variance") / math.log(10) for arm in ARMS if results.of(arm.name)}
    for axes, scale in zip(panels, ("", ", logarithmic"), strict=True):
        draw_curves(axes, lines, list(PLACES), every=4)
        label(axes, f"block{scale}", "variance on the skip, log₁₀", log_x=bool(scale))
    panels[0].legend(frameon=False, fontsize=9, title=seeds_text({len(values) for values in lines.values()}, "band"))
    return drawn


CLAIM = Claim(
    slug="bn_identity_bias",
    doc=__doc__,
    source=Source(DE_2020, "§2"),
    kinds=(Kind.INITIALISATION,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
