"""A residual network of 1202 layers can be trained, and generalises worse than one of 110.

He et al. 2015, §4.2 and Table 6: ResNet-1202 has a training error below 0.1 % on CIFAR-10, and 7.93 % test error
against 6.43 % of ResNet-110. They suspect overfitting: 19.4 M parameters for 50,000 images.

Protocol: ResNet-110 and ResNet-1202 from the pool, at the full tier only. Trained means that the training loss is no
more than 0.1 above that of ResNet-110 in its logarithm; the test error must be higher by more than half a point.

What this does not show: that depth itself overfits. It is one data set, with little augmentation, and the deeper net
has eleven times the parameters.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.tiers import Tier
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import HE_2015, Source

FULL = (Tier.FULL,)
DEEP, DEEPEST = "resnet110", "resnet1202"
ARMS = tuple(pool.variant(model, model, tiers=FULL) for model in (DEEP, DEEPEST))


def measure(run: Run) -> Measures:
    assert run.trained is not None
    return {
        "log_train_loss": math.log(run.trained.train_loss),
        "test_error": 100 * run.trained.test_error,
        "epoch_losses": pool.epoch_losses(run),
    }


PARTS = (
    Part(
        "ResNet-1202 fits its training images as well as ResNet-110",
        effect=Contrast("log_train_loss", plus=(DEEP,), minus=(DEEPEST,)),
        above=-0.1,
        unit="log training loss",
        tiers=FULL,
    ),
    Part(
        "ResNet-1202 gets more test images wrong",
        effect=Contrast("test_error", plus=(DEEPEST,), minus=(DEEP,)),
        above=0.5,
        unit="points of test error",
        tiers=FULL,
    ),
)


def finding(results: Results) -> str:
    wrong = [results.values(arm.name, "test_error").mean() for arm in ARMS]
    return f"ResNet-110 gets {wrong[0]:.2f} % of test images wrong and ResNet-1202 {wrong[1]:.2f} %."


def figure(results: Results) -> Figure:
    lines = {arm.name: results.values(arm.name, "epoch_losses") for arm in ARMS}
    return curves(lines, x="epoch", y="training loss", log_y=True)


CLAIM = Claim(
    slug="thousand_layers",
    doc=__doc__,
    source=Source(HE_2015, "§4.2, Table 6"),
    kinds=(Kind.POOL,),
    tiers=FULL,
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
