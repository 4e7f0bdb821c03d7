"""In a deep stack of linear layers it is the skip that saves the gradient.

An interview lesson shows it in a few lines: blocks of linear, ReLU, linear, with and without a skip, and the gradient
of the first layer, which is all but gone without. What it compares rests on PyTorch's default for `nn.Linear`, drawn
with a third of the variance that keeps a signal's scale: each plain block shrinks the gradient to √(1/18) ≈ 0.24.

Protocol: stacks of 10, 20 and 50 such blocks on the pixels of 32 images, with and without skips, with PyTorch's
default and with He initialisation (twice the variance behind a ReLU, He et al. 2015b, Eq. 10), before the first step,
in double precision. Growth is the logarithm of the gradient's norm at the first block's output over that at the last
one's, for each block; a gradient keeps its size where growth is zero. Parts are decided at 20 blocks.

On natural images: the same, on the 768 values of a colour image of 16×16 pixels in place of the 64 of a digit.

What this does not show: convolutions, batch norm, training. In residual networks batch norm on the branch, or a branch
that starts at zero, keeps the skip from what He initialisation alone does to it here; see `bn_identity_bias`.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from resnetlab.experiments.base import Arm, Claim, Effect, Kind, Measures, Part, Results, Run
from resnetlab.experiments.fresh_gradients import INITS, Init
from resnetlab.experiments.linear_stacks import LinearStack, stack_gradients
from resnetlab.experiments.statistics import initialisation_interval
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import HE_2015_INIT, Source

DEPTHS = (10, 20, 50)
JUDGED = 20  # blocks
DRAWS, FEW_DRAWS = 20, 5  # the other depths are shown, not judged
STACKS = tuple(LinearStack(blocks, skips, init) for blocks, init, skips in product(DEPTHS, INITS, (False, True)))


def name(stack: LinearStack) -> str:
    return f"{stack}, {stack.blocks} blocks"


def measure(run: Run) -> Measures:
    gradients = stack_gradients(run.arm.settings, run.data)
    return {"growth": gradients.growth, "log_first_layer": math.log10(gradients.first_layer)}


def growth(results: Results, skips: bool, init: Init) -> NDArray[np.float64]:
    return results.values(name(LinearStack(JUDGED, skips, init)), "growth")


def kept_better(init: Init) -> Effect:
    """How much nearer to zero the growth is with skips."""
    return lambda results: np.abs(growth(results, False, init)) - np.abs(growth(results, True, init))


def part(statement: str, effect: Effect) -> Part:
    unit = "ln gradient norm per block"
    return Part(statement, effect, above=0.1, unit=unit, interval=initialisation_interval)


PARTS = (
    part("with PyTorch's initialisation the gradient keeps its size better with skips", kept_better("pytorch")),
    part("with He initialisation the gradient keeps its size better with skips", kept_better("he")),
    part("without skips the gradient shrinks with He initialisation too", lambda at: -growth(at, False, "he")),
)


def finding(results: Results) -> str:
    def factor(skips: bool, init: Init) -> str:
        return f"{math.exp(growth(results, skips, init).mean()):.2f}"

    return (
        f"Where PyTorch's default draws the weights a block multiplies the gradient's norm by "
        f"{factor(False, 'pytorch')} without a skip and by {factor(True, 'pytorch')} with one; with He initialisation "
        f"by {factor(False, 'he')} without and by {factor(True, 'he')} with one. The initialisation decides which of "
        f"the two needs saving."
    )


def figure(results: Results) -> Figure:
    lines = {}
    for first in STACKS[: len(STACKS) // len(DEPTHS)]:
        stacks = [name(LinearStack(blocks, first.skips, first.init)) for blocks in DEPTHS]
        lines[str(first)] = [[at[stack]["log_first_layer"] for stack in stacks] for at in results.paired(*stacks)]
    return curves(lines, x="blocks", y="gradient norm of the first layer, log₁₀", x_values=DEPTHS)


CLAIM = Claim(
    slug="skip_or_init",
    doc=__doc__,
    source=Source(HE_2015_INIT, "§2.2, against an interview lesson"),
    kinds=(Kind.INITIALISATION,),
    arms=tuple(Arm(name(at), at, DRAWS if at.blocks == JUDGED else FEW_DRAWS) for at in STACKS),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
