"""Very deep networks train better where batch norm and ReLU come before the convolutions.

He et al. 2016 take ReLU and batch norm off the way of the skip and put them at the head of the branch. Their Table 3
has test errors on CIFAR-10 of 6.61 % before and 6.37 % after for 110 layers, 5.93 and 5.46 for 164, 7.61 and 4.92 for
1001: the deeper the network, the more it gains. Figure 6 shows where from: the loss of the original one falls slowly
at first.

Protocol: ResNet-110 as it was and its pre-activation form, both with option A, from the pool; the same seed gives both
the same data order. The effect is the difference of the logarithm of the mean training loss over the first half of the
epochs. A pre-activation network needs one batch norm and ReLU more, behind its last addition: without them its head
sees a sum that nothing has normalised, and reimplementations that forget them lose for this reason. That they are
there is looked at first.

At the full tier: 164 and 1001 layers as well, in bottlenecks.

What this does not show: generalisation. Few epochs say little of the test error after many, which is told and not
judged here. One learning rate serves both, the paper's own, which it warmed up for the original ResNet-110.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure
from torch import nn

from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Contrast, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.tiers import NATURAL, Tier
from resnetlab.nn import ResidualNetwork
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import HE_2016, Source

FULL = (Tier.FULL,)
POST, PRE = "post", "pre"
DEEPER = {164: "preact_resnet164", 1001: "preact_resnet1001"}


def name(depth: int, order: str) -> str:
    return f"{'pre-activation' if order == PRE else 'original'}-{depth}"


ARMS = (
    pool.variant(name(110, POST), "resnet110"),
    pool.variant(name(110, PRE), "preact_resnet110"),
    *(
        pool.variant(name(depth, order), model, tiers=FULL, order=order)
        for depth, model in DEEPER.items()
        for order in (POST, PRE)
    ),
)


def measure(run: Run) -> Measures:
    assert run.trained is not None
    model = run.trained.model
    assert isinstance(model, ResidualNetwork)
    losses = pool.epoch_losses(run)
    early = losses[: max(1, len(losses) // 2)]
    return {
        "log_early_loss": math.log(sum(early) / len(early)),
        "epoch_losses": losses,
        "test_error": 100 * run.trained.test_error,
        "normalises_last": isinstance(model.norm, nn.BatchNorm2d) and isinstance(model.norm_act, nn.ReLU),
    }


def has_last_norm(results: Results) -> Outcome:
    """All pre-activation networks have it, and no other."""
    found = {arm.name: results.of(arm.name)[0]["normalises_last"] for arm in ARMS if results.of(arm.name)}
    holds = all(there == arm.startswith("pre") for arm, there in found.items())
    return Outcome(holds, f"{sum(found.values())} of {len(found)} networks", "the pre-activation ones")


def gains(depth: int, tiers: tuple[Tier, ...]) -> Part:
    return Part(
        f"at {depth} layers the early training loss is lower with pre-activation",
        effect=Contrast("log_early_loss", plus=(name(depth, POST),), minus=(name(depth, PRE),)),
        above=0.1,
        unit="log training loss",
        tiers=tiers,
    )


PARTS: tuple[Part | Exact, ...] = (
    Exact("a last batch norm and ReLU stand behind the last addition", has_last_norm, tiers=NATURAL),
    gains(110, NATURAL),
    *(gains(depth, FULL) for depth in DEEPER),
)


def finding(results: Results) -> str:
    def mean(of: str, order: str) -> float:
        return float(results.values(name(110, order), of).mean())

    early = [math.exp(mean("log_early_loss", order)) for order in (POST, PRE)]
    wrong = [mean("test_error", order) for order in (POST, PRE)]
    return (
        f"In the first half of the epochs the training loss of ResNet-110 is {early[0]:.2f} as it was and "
        f"{early[1]:.2f} with pre-activation; after the last epoch {wrong[0]:.1f} and {wrong[1]:.1f} % of test images "
        "are wrong."
    )


def figure(results: Results) -> Figure:
    lines = {arm.name: results.values(arm.name, "epoch_losses") for arm in ARMS if results.of(arm.name)}
    return curves(lines, x="epoch", y="training loss", log_y=True)


CLAIM = Claim(
    slug="preactivation",
    doc=__doc__,
    source=Source(HE_2016, "Table 3, Figure 6"),
    kinds=(Kind.EXACT, Kind.POOL),
    tiers=NATURAL,
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
