"""Shortcut options A, B and C give ResNet-20 269,722, 272,474 and 283,962 parameters.

Where the shape changes, the skip cannot be x itself. He et al. 2015 compare three ways: (A) every second pixel, and
zeros for the new channels; (B) a 1×1 convolution with batch norm there and the identity elsewhere; (C) such a
projection in every block. Their ResNet-34 on ImageNet has 25.03, 24.52 and 24.19 % top-1 error with A, B and C,
against 28.54 % of the plain net: they call the differences between the options small, and ascribe C's lead to its
added parameters. This is how many those are.

Protocol: each network is built by the one field that differs, and its parameters are counted: every tensor that is
trained, those of batch norm included. Multiply-adds are counted by running without data on a 32×32 image.

What this does not show: which option trains better. That takes trained networks on natural images and belongs to the
standard tier; there the parameters are confounded with the option.
"""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from resnetlab.analysis import measure_complexity
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.pages.figures import COLOURS, PAPER, TEXT_SIZE, new_figure
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.weights import create_model

SAID = {"A": 269_722, "B": 272_474, "C": 283_962}
ARMS = tuple(Arm(f"option {option}", settings=option) for option in SAID)


def measure(run: Run) -> Measures:
    model = create_model("resnet20", shortcut=run.arm.settings, device="meta")
    cost = measure_complexity(model, (3, 32, 32))
    return {"params": cost.params, "macs": cost.macs}


def outcome(option: str, results: Results) -> Outcome:
    counted = results.one(f"option {option}")["params"]
    return Outcome(counted == SAID[option], measured=counted, expected=SAID[option])


PARTS = tuple(
    Exact(f"ResNet-20 with option {option} has {count:,} parameters", partial(outcome, option))
    for option, count in SAID.items()
)


def finding(results: Results) -> str:
    zeros, some, every = (results.one(arm.name) for arm in ARMS)
    return (
        f"Option B adds {some['params'] - zeros['params']:,} parameters to option A's {zeros['params']:,}, and C "
        f"{every['params'] - zeros['params']:,}, which is {every['params'] / zeros['params'] - 1:.1%}. "
        f"In multiply-adds C costs {every['macs'] / zeros['macs'] - 1:.1%} more than A."
    )


def figure(results: Results) -> Figure:
    drawn, (params, macs) = new_figure(height=2.4, columns=2)
    for axes, key, scale, text in (
        (params, "params", 1e3, "parameters (thousands)"),
        (macs, "macs", 1e6, "multiply-adds (millions)"),
    ):
        counts = [results.one(arm.name)[key] for arm in ARMS]
        bars = axes.barh([arm.name for arm in ARMS], [count / scale for count in counts], color=COLOURS[0])
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
    kinds=(Kind.EXACT,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
