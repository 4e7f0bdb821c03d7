"""Doubling the width of a residual network lowers its training loss.

An example, and no paper's claim: copy this file and change it. Wider layers can hold more, so in the same number of
steps the wider network should fit its training images better: by more than 0.1 in the logarithm of the loss, which is
about a tenth of the loss. Run it with `resnetlab lab run examples/my_claim.py`.

Protocol: residual networks of eight layers, 4 and 8 channels wide, on the laboratory's data; five seeds each, the same
data order for both; four epochs of SGD with one fixed one-cycle schedule.

What this does not show: that width is better than depth, or anything about test images.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from resnetlab import create_model
from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.pages.figures import strips
from resnetlab.training import TrainingPlan, evaluate, train

# The conditions. Runs of the same seed are compared with each other.
ARMS = (Arm("width 4", settings=4, seeds=5), Arm("width 8", settings=8, seeds=5))


def measure(run: Run) -> Measures:
    """What is measured on every arm with every seed; PyTorch's generator is seeded already."""
    data = run.data
    model = create_model("resnet20", len(data.classes), data.channels, depths=(1, 1, 1), width=run.arm.settings)
    history = train(model, data, TrainingPlan(epochs=4), run.seed)
    loss, error = evaluate(model, data.train_images, data.train_labels)
    if history.diverged:
        loss = history.step_losses[0]  # a run that diverged counts as untrained: it is never dropped
    return {"log_train_loss": math.log(loss), "train_error": error}


# What decides: each part is a statement "effect > above", judged by an interval over the seeds.
PARTS = (
    Part(
        "width 8 fits the training images better than width 4",
        effect=Contrast("log_train_loss", plus=("width 4",), minus=("width 8",)),
        above=0.1,
        unit="log training loss",
    ),
)


def finding(results: Results) -> str:
    narrow, wide = (results.values(arm.name, "train_error").mean() for arm in ARMS)
    return f"Width 4 gets {narrow:.1%} of its own training images wrong, and width 8 {wide:.1%}."


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
    parts=PARTS,
    figure=figure,
    finding=finding,
)
