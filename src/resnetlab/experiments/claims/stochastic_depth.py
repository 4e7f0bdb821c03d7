"""Dropping blocks at random while training saves a seventh of the time or more, and regularises.

Huang et al. 2016 leave out whole residual blocks in every training step, the last half of the time, earlier ones less
often. They report a quarter less training time and, on CIFAR-10, a test error of 5.23 % instead of 6.41 with 110
layers (Table 1).

Protocol: residual-56 of the pool, and the same network trained by the same plan with stochastic depth, the last block
surviving half of the steps; a dropped block's branch is not computed. Time is that of single steps on one batch,
forward and backward, which is in memory already: 20 pairs of a step with and a step without in turn, in processor time
of one thread, so that neither a loader nor other work on the machine counts. The parts ask for 15 % less time and for
a lower test error.

What this does not show: wall time of a whole training, to which loading, evaluation and a schedule that may have to be
longer belong. Few epochs on few images overfit less than the paper's 500 epochs: what regularises may not pay here.
"""

from __future__ import annotations

import time

from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.experiments import pool
from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.benches import ROWS
from resnetlab.experiments.dropping import ShallowInTraining
from resnetlab.experiments.tiers import NATURAL
from resnetlab.experiments.trained import Training
from resnetlab.nn import ResidualNetwork
from resnetlab.pages.figures import label, new_figure
from resnetlab.specs.papers import HUANG_2016, Source
from resnetlab.training import evaluate, train

MODEL, SEEDS = "resnet56", 5
PAIRS, BATCH, WARM_UP = 20, 128, 2
ALL, DROPPED, STEPS = "all blocks", "stochastic depth", "steps"


def measure(run: Run) -> Measures:
    assert run.trained is not None
    return errors(run.trained.train_error, run.trained.test_error)


def errors(train_error: float, test_error: float) -> Measures:
    return {"train_error": 100 * train_error, "test_error": 100 * test_error}


def network(run: Run) -> ShallowInTraining:
    model = Training(MODEL, width=ROWS[run.tier].width).build(run.data, run.seed)
    assert isinstance(model, ResidualNetwork)
    return ShallowInTraining(model)


def measure_dropped(run: Run) -> Measures:
    model, data = network(run), run.data
    history = train(model.train(), data, ROWS[run.tier].plan, run.seed)
    _, train_error = evaluate(model, data.train_images, data.train_labels)
    _, test_error = evaluate(model, data.test_images, data.test_labels)
    return {**errors(train_error, test_error), "diverged": history.diverged}


def measure_steps(run: Run) -> Measures:
    """The time of steps with stochastic depth over that of steps without, in turn."""
    shallow = network(run).train()
    images, labels = run.data.train_images[:BATCH], run.data.train_labels[:BATCH]
    spent = {False: 0.0, True: 0.0}
    for pair in range(-WARM_UP, PAIRS):
        for drops in (False, True):
            seconds = step_seconds(shallow if drops else shallow.model, images, labels)
            spent[drops] += seconds if pair >= 0 else 0.0
    return {"ratio": spent[True] / spent[False]}


def step_seconds(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    started = time.process_time()
    F.cross_entropy(model(images), labels).backward()
    seconds = time.process_time() - started
    model.zero_grad(set_to_none=True)
    return seconds


PARTS = (
    Part(
        "a training step takes 15 % less time",
        effect=lambda results: 1 - results.values(STEPS, "ratio"),
        above=0.15,
        unit="share of a step's time",
        tiers=NATURAL,
    ),
    Part(
        "the test error is lower",
        effect=Contrast("test_error", plus=(ALL,), minus=(DROPPED,)),
        above=0.0,
        unit="points of test error",
        tiers=NATURAL,
    ),
)


def finding(results: Results) -> str:
    wrong = {arm: [results.values(arm, of).mean() for of in ("train_error", "test_error")] for arm in (ALL, DROPPED)}
    return (
        f"A step with stochastic depth takes {results.values(STEPS, 'ratio').mean():.2f} of the time of one with all "
        f"blocks. With all blocks residual-56 ends with {wrong[ALL][0]:.1f} % of training and {wrong[ALL][1]:.1f} % "
        f"of test images wrong, with stochastic depth {wrong[DROPPED][0]:.1f} % and {wrong[DROPPED][1]:.1f} %."
    )


def figure(results: Results) -> Figure:
    drawn, panels = new_figure(columns=2)
    for place, arm in enumerate((ALL, DROPPED)):
        values = results.values(arm, "test_error")
        panels[0].plot([place] * len(values), values, "o", color="black", alpha=0.6, markersize=4.5)
    panels[0].set_xticks([0, 1], [ALL, DROPPED])
    panels[0].set_xlim(-0.5, 1.5)
    ratios = results.values(STEPS, "ratio")
    panels[1].plot(range(1, len(ratios) + 1), ratios, "o", color="black", markersize=4.5)
    panels[1].axhline(0.85, color="black", linestyle=":", linewidth=1.2)
    panels[1].set_ylim(0, 1.05)
    label(panels[0], f"{len(results.of(ALL))} seeds", "test images wrong, %")
    label(panels[1], "seed", "time of a step, with / without")
    return drawn


CLAIM = Claim(
    slug="stochastic_depth",
    doc=__doc__,
    source=Source(HUANG_2016, "§3, Table 1"),
    kinds=(Kind.POOL, Kind.TRAINS),
    tiers=NATURAL,
    arms=(
        pool.variant(ALL, MODEL),
        Arm(DROPPED, seeds=SEEDS, trains=Training(MODEL), measure=measure_dropped, tiers=NATURAL),
        Arm(STEPS, seeds=SEEDS, measure=measure_steps, tiers=NATURAL),
    ),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
