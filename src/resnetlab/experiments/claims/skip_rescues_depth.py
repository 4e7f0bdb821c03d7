"""With residual connections depth no longer costs training error.

He et al. 2015 answer the degradation of plain networks by adding the input of every two layers to their output. In
Table 6 the test error on CIFAR-10 then falls with depth: 8.75, 7.51, 7.17, 6.97 and 6.43 % at 20, 32, 44, 56 and 110
layers, where the plain 56-layer net had done worse than the plain 20-layer net (Figure 6).

Protocol: plain and residual networks (option A) of 20 and 56 layers from the pool, one fixed one-cycle
schedule for all; the same seed gives all four the same data order. The claim rests on what 36 more layers cost a plain
net beyond what they cost a residual one, in the logarithm of the final training loss. A second part asks whether the
deeper residual net is also the better one; it does not decide the claim, for a few epochs favour shallow networks.

What this does not show: that deeper is better where training is long, which the standard and full tiers ask, nor why
the skip helps: `shattered_gradients`, `bn_identity_bias` and `path_lengths` look at explanations. One learning rate
serves both depths, and a rate tuned for the deep plain net might narrow the gap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.figure import Figure

from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.statistics import Verdict, default_verdict
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import HE_2015, Source

ARMS = pool.arms("plain20", "plain56", "resnet20", "resnet56")


def measure(run: Run) -> Measures:
    trained = run.trained
    assert trained is not None
    return {
        "log_train_loss": math.log(trained.train_loss),  # a run that diverged has the untrained network's loss
        "train_error": trained.train_error,
        "test_error": trained.test_error,
        "epoch_losses": pool.epoch_losses(run),
    }


PARTS = (
    Part(
        "36 more layers cost a plain net more than a residual net",
        effect=Contrast("log_train_loss", plus=("plain56", "resnet20"), minus=("plain20", "resnet56")),
        above=0.1,
        unit="log training loss",
    ),
    Part(
        "residual-56 trains better than residual-20",
        effect=Contrast("log_train_loss", plus=("resnet20",), minus=("resnet56",)),
        above=0.1,
        unit="log training loss",
    ),
)


def rule(parts: Mapping[str, Verdict]) -> Verdict:
    return default_verdict(parts, decides=[PARTS[0].name])


def finding(results: Results) -> str:
    plain, residual = (
        [100 * results.values(f"{kind}{depth}", "train_error").mean() for depth in (20, 56)]
        for kind in ("plain", "resnet")
    )
    test = [100 * results.values(f"resnet{depth}", "test_error").mean() for depth in (20, 56)]
    return (
        f"From 20 to 56 layers the training error goes from {plain[0]:.1f} % to {plain[1]:.1f} % in plain nets and "
        f"from {residual[0]:.1f} % to {residual[1]:.1f} % in residual ones; on test images the residual nets get "
        f"{test[0]:.1f} % and {test[1]:.1f} % wrong."
    )


def figure(results: Results) -> Figure:
    lines = {arm.name: results.values(arm.name, "epoch_losses") for arm in ARMS}
    return curves(lines, x="epoch", y="training loss", log_y=True)


CLAIM = Claim(
    slug="skip_rescues_depth",
    doc=__doc__,
    source=Source(HE_2015, "Figure 6, Table 6"),
    kinds=(Kind.POOL,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=rule,
    finding=finding,
)
