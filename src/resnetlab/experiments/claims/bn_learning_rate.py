"""Batch norm allows learning rates more than four times as high.

Ioffe & Szegedy 2015 train Inception at a learning rate of 0.0015. With batch norm they raise it five- and thirtyfold
and need a fraction of the steps; without, five times the rate drives the parameters to infinity (§4.2.2).

Protocol: ResNet-8 with batch norm, and without, where convolutions have biases instead; the same seed gives both the
same data order. SGD with momentum 0.9 and weight decay 1e-4 at a constant rate, batches of 200 images, seven epochs.
The rates are the powers of two from 1/64 to 4. A rate trains where the mean loss of the last epoch is below half of
the untrained network's; a run that diverges has the untrained loss. Rates are tried from the largest down to the first
that trains. Where none does, half of the smallest counts, and the text says so.

On natural images: five epochs of 25 steps in place of seven of seven, and a rate trains where the mean loss of the
last epoch is below 85 % of the untrained network's, for natural images take longer to be halved than there is time.

What this does not show: that the larger rate trains better, or why it can be used. The net has skips, for without them
and without batch norm hardly a rate trains in so few steps. The benefit shrinks with the batch (De & Smith 2020): this
one, 200 images (a seventh of all digits), is large.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from matplotlib.figure import Figure

from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.resnet8 import resnet8
from resnetlab.experiments.tiers import by_tier
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import IOFFE_2015, Source
from resnetlab.training import TrainingPlan, train


@dataclass(frozen=True)
class Scale:
    """How long a rate is tried.

    Args:
        epochs: over all training images.
        below: a rate trains where the last epoch's mean loss is below this share of the untrained network's.
    """

    epochs: int
    below: float


LOWEST, HIGHEST = -6, 2  # logarithms of the rates, to the base 2
SEEDS = 12
SCALES = by_tier(quick=Scale(epochs=7, below=0.5), standard=Scale(epochs=5, below=0.85))
ARMS = (Arm("without BN", settings="none", seeds=SEEDS), Arm("with BN", settings="batch", seeds=SEEDS))


def measure(run: Run) -> Measures:
    tried: dict[str, float] = {}
    for exponent in range(HIGHEST, LOWEST - 1, -1):
        untrained, trained = losses_at(2.0**exponent, run)
        tried[str(exponent)] = trained
        if trained < untrained * SCALES[run.tier].below:
            return {"log2_rate": exponent, "losses": tried}
    return {"log2_rate": LOWEST - 1, "losses": tried}


def losses_at(rate: float, run: Run) -> tuple[float, float]:
    """The untrained network's loss, and the mean over the last epoch."""
    torch.manual_seed(run.seed)  # every rate starts from the same weights
    model = resnet8(run.data, norm=run.arm.settings)
    plan = TrainingPlan(epochs=SCALES[run.tier].epochs, batch_size=200, lr=rate, schedule="constant")
    history = train(model, run.data, plan, run.seed)
    untrained = history.step_losses[0]
    return untrained, untrained if history.diverged else history.epoch_losses[-1]


PARTS = (
    Part(
        "the largest rate that trains is more than four times as high with BN",
        effect=Contrast("log2_rate", plus=("with BN",), minus=("without BN",)),
        above=2,
        unit="doublings",
    ),
)


def finding(results: Results) -> str:
    without, with_norm = (results.values(arm.name, "log2_rate") for arm in ARMS)
    both = np.concatenate([without, with_norm])
    return (
        f"The largest rate that trains is {2 ** with_norm.mean():.2g} with batch norm and {2 ** without.mean():.2g} "
        f"without (geometric means over {len(without)} seeds): {2 ** (with_norm - without).mean():.0f} times as high. "
        f"Of all {len(both)} runs {sum(both == HIGHEST)} trained at the grid's highest rate, so that theirs may lie "
        f"above it, and {sum(both < LOWEST)} at no rate of the grid."
    )


def figure(results: Results) -> Figure:
    rates = {arm.name: results.values(arm.name, "log2_rate") for arm in ARMS}
    drawn = strips(rates, y="largest learning rate that trains")
    (axes,) = drawn.axes
    exponents = range(LOWEST - 1, HIGHEST + 1)
    axes.set_ylim(LOWEST - 1.4, HIGHEST + 0.4)
    axes.set_yticks(exponents, ["none", *(str(Fraction(2) ** at) for at in exponents[1:])])
    return drawn


CLAIM = Claim(
    slug="bn_learning_rate",
    doc=__doc__,
    source=Source(IOFFE_2015, "§4.2"),
    kinds=(Kind.TRAINS,),
    trains_on_all=True,
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
