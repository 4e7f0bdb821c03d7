"""Deep residual networks train without batch norm where their branches start near zero.

De & Smith 2020 multiply every branch by a learned number that starts at zero (SkipInit); Zhang et al. 2019 (Fixup)
draw branches smaller by the root of their number, with zero last convolutions, head and a learned factor. Both train
deep networks without normalisation. Goyal et al. 2017 start the last γ of every block at zero where there is batch
norm, and report a gain in accuracy.

Protocol: residual-56, on digits in every tier. Without batch norm: as it is, with SkipInit, and with Fixup (its scalar
biases are the convolutions' own here, one for each channel). With batch norm: as it is, and with the last γ at zero.
Twelve epochs by SGD, batches of 128, one cycle. Every arm, the failing one too, is trained at peak rates of 0.1, 0.01
and 0.001 with every seed; for a seed that rate counts which is best for the arm's other seeds, so that no run chooses
its own rate. No run counts for worse than a network that knows nothing, whose loss is the logarithm of the number of
classes: one that explodes, or diverges, has that loss, so that nothing is won against it but by learning. How many
diverge is told. The claim rests on what SkipInit and Fixup gain over the network that has neither: 0.5 in the
logarithm of the final training loss.

What this does not show: accuracy, where training ends, or how deep it goes: in 120 steps networks with batch norm are
almost done, those without are not, and the text tells how far they are. Whether a zero γ gives a lower test error is a
part that does not decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from resnetlab.data import ImageData
from resnetlab.experiments.base import Arm, Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.statistics import Verdict, default_verdict
from resnetlab.experiments.tiers import NATURAL
from resnetlab.nn import ResidualNetwork
from resnetlab.nn.init import draw_by_name
from resnetlab.nn.merges import Scale
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import DE_2020, Source
from resnetlab.training import TrainingPlan, evaluate, train
from resnetlab.weights import create_model

MODEL, WIDTH, EPOCHS = "resnet56", 8, 12
RATES = (0.1, 0.01, 0.001)
SEEDS = 5
BARE, SKIP_INIT, FIXUP = "nothing", "SkipInit", "Fixup"
NORMED, ZERO_GAMMA = "BN", "BN, last γ zero"
FIELDS = {
    BARE: {"norm": "none"},
    SKIP_INIT: {"norm": "none", "skip_init": True},
    FIXUP: {"norm": "none", "skip_init": True},
    NORMED: {},
    ZERO_GAMMA: {"zero_init_last": True},
}
ARMS = tuple(Arm(name, fields, SEEDS) for name, fields in FIELDS.items())


def network(run: Run, data: ImageData) -> nn.Module:
    torch.manual_seed(run.seed)  # every rate starts from the same weights
    model = create_model(MODEL, len(data.classes), data.channels, width=WIDTH, **run.arm.settings)
    assert isinstance(model, ResidualNetwork)
    draw_by_name(model)
    if run.arm.name == FIXUP:
        fix_up(model)
    return model.train()


@torch.no_grad()
def fix_up(model: ResidualNetwork) -> None:
    """Fixup initialisation of a network of basic blocks with SkipInit's factors, which start at one instead.

    Paper: Zhang et al. 2019, §3: with m = 2 convolutions on a branch the first is scaled by L^(−1/(2m−2)) = 1/√L.
    """
    for block in model.blocks:
        block.get_parameter("conv1.weight").mul_(len(model.blocks) ** -0.5)
        block.get_parameter("conv2.weight").zero_()
        for scale in block.merge.modules():
            if isinstance(scale, Scale) and isinstance(scale.value, nn.Parameter):
                scale.value.fill_(1.0)
    model.fc.weight.zero_()
    model.fc.bias.zero_()


def measure(run: Run) -> Measures:
    data = run.data
    knows_nothing = math.log(len(data.classes))  # the loss of a network that does
    log_losses, test_errors, diverged = [], [], 0
    for rate in RATES:
        model = network(run, data)
        history = train(model, data, TrainingPlan(epochs=EPOCHS, lr=rate), run.seed)
        loss, _ = evaluate(model, data.train_images, data.train_labels)
        failed = history.diverged or not math.isfinite(loss)
        diverged += failed
        log_losses.append(math.log(knows_nothing if failed else min(loss, knows_nothing)))
        test_errors.append(100 * evaluate(model, data.test_images, data.test_labels)[1])
    return {"log_losses": log_losses, "test_errors": test_errors, "diverged_rates": diverged, "diverged": diverged > 0}


def at_others_best_rate(results: Results, arm: str, of: str) -> NDArray[np.float64]:
    """By seed, a measure at the rate that has the lowest mean log loss over the arm's other seeds."""
    losses, wanted = results.values(arm, "log_losses"), results.values(arm, of)
    others = (losses.sum(axis=0) - losses) / max(1, len(losses) - 1)
    chosen: NDArray[np.float64] = np.take_along_axis(wanted, others.argmin(axis=1)[:, None], axis=1)[:, 0]
    return chosen


def gain(results: Results, of: str, worse: str, better: str) -> NDArray[np.float64]:
    return at_others_best_rate(results, worse, of) - at_others_best_rate(results, better, of)


DECIDING = tuple(f"without batch norm {name} lowers the training loss" for name in (SKIP_INIT, FIXUP))
PARTS = (
    *(
        Part(
            name,
            partial(gain, of="log_losses", worse=BARE, better=arm),
            above=0.5,
            unit="log training loss",
            tiers=NATURAL,
        )
        for name, arm in zip(DECIDING, (SKIP_INIT, FIXUP), strict=True)
    ),
    Part(
        "with batch norm a zero last γ lowers the test error",
        partial(gain, of="test_errors", worse=NORMED, better=ZERO_GAMMA),
        above=0.0,
        unit="points of test error",
        tiers=NATURAL,
    ),
)


def rule(parts: Mapping[str, Verdict]) -> Verdict:
    return default_verdict(parts, decides=DECIDING)


def finding(results: Results) -> str:
    loss = {arm.name: math.exp(at_others_best_rate(results, arm.name, "log_losses").mean()) for arm in ARMS}
    failed = {arm.name: int(results.values(arm.name, "diverged_rates").sum()) for arm in ARMS}
    runs = len(RATES) * len(results.of(BARE))
    losses = ", ".join(f"{value:.2g} with {name}" for name, value in loss.items())
    diverged = ", ".join(f"{count} with {name}" for name, count in failed.items() if count) or "none"
    return f"Final training loss of residual-56: {losses}. Diverged of {runs} runs over all rates: {diverged}."


def figure(results: Results) -> Figure:
    groups = {arm.name: at_others_best_rate(results, arm.name, "log_losses") for arm in ARMS}
    return strips(groups, y="ln final training loss")


CLAIM = Claim(
    slug="normalizer_free",
    doc=__doc__,
    source=Source(DE_2020, "§4; Zhang et al. 2019; Goyal et al. 2017"),
    kinds=(Kind.TRAINS,),
    tiers=NATURAL,
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=rule,
    finding=finding,
    data="digits",
)
