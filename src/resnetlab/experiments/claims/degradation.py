"""A deeper plain network has a higher training error.

He et al. 2015 train plain networks of 20 to 56 layers on CIFAR-10: the 56-layer net stays above the 20-layer net on
the training data all along, although it could copy the shallower one and pass the signal on in the other layers. They
call it the degradation problem: not overfitting, since it is the training error that rises.

Protocol: plain-20 and plain-56 of the pool, three stages, SGD with one fixed one-cycle schedule for both
depths; the same seed gives both the same data order. The effect is the difference of the logarithm of the final
training loss.

What this does not show: why. `vanishing_gradients` and `shattered_gradients` look at two explanations. One learning
rate serves both depths; a rate tuned for the deeper net might narrow the gap.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import HE_2015, Source


def measure(run: Run) -> Measures:
    trained = run.trained
    assert trained is not None
    return {
        "log_train_loss": math.log(trained.train_loss),
        "train_error": trained.train_error,
        "epoch_losses": pool.epoch_losses(run),
    }


PARTS = (
    Part(
        "plain-56 trains worse than plain-20",
        effect=Contrast("log_train_loss", plus=("plain56",), minus=("plain20",)),
        above=0.1,
        unit="log training loss",
    ),
)


def finding(results: Results) -> str:
    shallow, deep = (results.values(arm, "train_error").mean() for arm in ("plain20", "plain56"))
    return f"After training, plain-20 gets {shallow:.1%} of its own training images wrong and plain-56 {deep:.1%}."


def figure(results: Results) -> Figure:
    lines = {arm: results.values(arm, "epoch_losses") for arm in ("plain20", "plain56")}
    return curves(lines, x="epoch", y="training loss", log_y=True)


CLAIM = Claim(
    slug="degradation",
    doc=__doc__,
    source=Source(HE_2015, "Figures 1 and 6"),
    kinds=(Kind.POOL,),
    arms=pool.arms("plain20", "plain56"),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
