"""Doubling the width of a residual network lowers its training loss.

A claim of ours, as an example: no paper's. Wider layers can hold more, so in the same number of steps the wider network
should fit its training images at least ten per cent closer.

Protocol: resnet20 of width 4 and of width 8 on the laboratory's data, five seeds each, the same data order for both; four
epochs of SGD with one fixed one-cycle schedule. The effect is the difference of the logarithm of the training loss.

What this does not show: that width is better than depth, or anything about test images.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from resnetlab import create_model
from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.pages.figures import strips
from resnetlab.training import TrainingPlan, evaluate, train

ARMS = tuple(Arm(f"width {width}", settings=width, seeds=5) for width in (4, 8))


def measure(run: Run) -> Measures:
    model = create_model("resnet20", len(run.data.classes), run.data.channels, width=run.arm.settings)
    train(model, run.data, TrainingPlan(epochs=4), run.seed)
    loss, error = evaluate(model, run.data.train_images, run.data.train_labels)
    return {"log_train_loss": math.log(loss), "train_error": error}


def figure(results: Results) -> Figure:
    losses = {arm.name: results.values(arm.name, "log_train_loss") for arm in ARMS}
    return strips(losses, y="log training loss")


CLAIM = Claim(
    slug="my_claim",
    doc=__doc__,
    source="an example",
    kinds=(Kind.TRAINS,),
    arms=ARMS,
    measure=measure,
    parts=(
        Part(
            "width 8 fits the training images closer than width 4",
            effect=Contrast("log_train_loss", plus=("width 4",), minus=("width 8",)),
            above=0.1,
            unit="log training loss",
        ),
    ),
    figure=figure,
)
