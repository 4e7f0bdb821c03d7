"""Shortcut options A, B and C differ little: in parameters, and in what they gain over a plain net.

Where the shape changes, the skip cannot be x itself. He et al. 2015 compare three ways: (A) every second pixel, and
zeros for the new channels; (B) a 1×1 convolution with batch norm there and the identity elsewhere; (C) such a
projection in every block. Their ResNet-34 on ImageNet has 25.03, 24.52 and 24.19 % top-1 error with A, B and C,
against 28.54 % of the plain net: they call the differences between the options small, and ascribe C's lead to its
added parameters.

Protocol: each network is built by the one field that differs, and its parameters are counted: ResNet-20 has 269,722,
272,474 and 283,962 of them, every tensor that is trained, those of batch norm included. Multiply-adds are counted by
running without data on a 32×32 image. Accuracy takes natural images and is asked by the standard tier.

On natural images: plain-20 and ResNet-20 with A, B and C are trained alike. B, and C, differs little from A where the
test error that separates them is smaller than what a plain net's is above A's, seed by seed; 3.51 points against 0.51
and 0.84 in the paper. Parameters and options come together: C's lead, if there is one, may be its 5 % more parameters.

What this does not show: which option trains better where networks are deeper, wider or trained for longer.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from matplotlib.figure import Figure

from resnetlab.analysis import measure_complexity
from resnetlab.experiments import pool
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.tiers import NATURAL
from resnetlab.pages.figures import COLOURS, PAPER, TEXT_SIZE, new_figure, strips
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.weights import create_model

SAID = {"A": 269_722, "B": 272_474, "C": 283_962}
COUNTED = tuple(Arm(f"option {option}", settings=option) for option in SAID)
PLAIN = replace(pool.arms("plain20")[0], tiers=NATURAL)
TRAINED = {option: pool.variant(f"ResNet-20, {option}", "resnet20", shortcut=option) for option in SAID}
TRAINED["A"] = replace(pool.arms("resnet20")[0], name=TRAINED["A"].name, tiers=NATURAL)  # the pool's own


def measure(run: Run) -> Measures:
    if run.trained is not None:
        return {"test_error": 100 * run.trained.test_error}
    model = create_model("resnet20", shortcut=run.arm.settings, device="meta")
    cost = measure_complexity(model, (3, 32, 32))
    return {"params": cost.params, "macs": cost.macs}


def outcome(option: str, results: Results) -> Outcome:
    counted = results.one(f"option {option}")["params"]
    return Outcome(counted == SAID[option], measured=counted, expected=SAID[option])


def gain_beyond(option: str, results: Results) -> list[float]:
    """What A gains over a plain net beyond what separates it from another option, in points of test error."""
    arms = {"plain": PLAIN.name, "A": TRAINED["A"].name, "other": TRAINED[option].name}
    runs = results.paired(*arms.values())
    errors = [{name: at[arm]["test_error"] for name, arm in arms.items()} for at in runs]
    return [at["plain"] - at["A"] - abs(at["A"] - at["other"]) for at in errors]


PARTS: tuple[Part | Exact, ...] = (
    *(
        Exact(f"ResNet-20 with option {option} has {count:,} parameters", partial(outcome, option))
        for option, count in SAID.items()
    ),
    *(
        Part(
            f"{option} differs from A by less than the plain net does",
            partial(gain_beyond, option),
            above=0.0,
            unit="points of test error",
            tiers=NATURAL,
        )
        for option in ("B", "C")
    ),
)


def finding(results: Results) -> str:
    zeros, some, every = (results.one(arm.name) for arm in COUNTED)
    counted = (
        f"Option B adds {some['params'] - zeros['params']:,} parameters to option A's {zeros['params']:,}, and C "
        f"{every['params'] - zeros['params']:,}, which is {every['params'] / zeros['params'] - 1:.1%}. "
        f"In multiply-adds C costs {every['macs'] / zeros['macs'] - 1:.1%} more than A."
    )
    if not results.of(PLAIN.name):
        return counted
    a, b, c, plain = (results.values(arm.name, "test_error").mean() for arm in (*TRAINED.values(), PLAIN))
    trained = f"Trained, A, B and C get {a:.1f}, {b:.1f} and {c:.1f} % of test images wrong, plain-20 {plain:.1f} %."
    return f"{counted} {trained}"


def figure(results: Results) -> Figure:
    if results.of(PLAIN.name):
        arms = (*TRAINED.values(), PLAIN)
        return strips({arm.name: results.values(arm.name, "test_error") for arm in arms}, y="test images wrong, %")
    drawn, (params, macs) = new_figure(height=2.4, columns=2)
    for axes, key, scale, text in (
        (params, "params", 1e3, "parameters (thousands)"),
        (macs, "macs", 1e6, "multiply-adds (millions)"),
    ):
        counts = [results.one(arm.name)[key] for arm in COUNTED]
        bars = axes.barh([arm.name for arm in COUNTED], [count / scale for count in counts], color=COLOURS[0])
        texts = [f"{count:,}" for count in counts]
        axes.bar_label(bars, texts, label_type="center", fontsize=TEXT_SIZE - 1, color=PAPER)
        axes.invert_yaxis()
        axes.set_xlabel(text)
    macs.set_yticklabels([])
    return drawn


CLAIM = Claim(
    slug="shortcut_options",
    doc=__doc__,
    source=Source(HE_2015, "§3.3 and Table 3"),
    kinds=(Kind.EXACT, Kind.POOL),
    arms=(*COUNTED, *TRAINED.values(), PLAIN),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
