"""A block of two 3×3 convolutions costs 1.2 M FLOPs, and the bottleneck in its place 70 K.

A tutorial's reason for the bottleneck: two 3×3 convolutions of 256 channels, against 1×1 to 64, 3×3, and 1×1 back to
256. Both numbers are right as numbers of weights, and a convolution's weights are its multiply-adds at one position
of the feature map. FLOPs are twice as many, and there are 56 × 56 positions where ResNet-50 has such blocks.

Protocol: each block is built alone, with its identity skip, and run without data on the feature map of one image,
56×56 positions; the operator counter counts its multiply-adds. FLOPs are two for each, at one position and on the
map. Counts are compared with the printed digits; one that is rounded or cut off to them agrees.

What this does not show: a bottleneck that takes this block's place. He et al. 2015, Figure 5, pair blocks of equal
cost, 64 channels basic against 256 channels bottleneck: it buys four times the channels and not a seventeenth of the
cost. Nor is any of this time.
"""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure
from torch import nn

from resnetlab.analysis import count_macs
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.experiments.printed import agrees, like
from resnetlab.experiments.statistics import default_verdict
from resnetlab.nn import BasicBlock, BottleneckBlock
from resnetlab.pages.tables import table
from resnetlab.specs.papers import HE_2015, Source

SIDE = 56  # of the feature map in the first stage at 224×224
BASIC, BOTTLENECK, EQUAL = "basic, 256 channels", "bottleneck, 256 channels", "basic, 64 channels"
SAID = {BASIC: "1.2 M", BOTTLENECK: "70 K"}
ARMS = (
    Arm(BASIC, settings=partial(BasicBlock, 256, 256)),
    Arm(BOTTLENECK, settings=partial(BottleneckBlock, 256, 64)),
    Arm(EQUAL, settings=partial(BasicBlock, 64, 64)),
)


def measure(run: Run) -> Measures:
    block = run.arm.settings()
    channels = block.conv1.in_channels
    macs = count_macs(block, (channels, SIDE, SIDE))
    weights = sum(layer.weight.numel() for layer in block.modules() if isinstance(layer, nn.Conv2d))
    return {"weights": weights, "macs": macs, "flops_per_position": 2 * macs / SIDE**2}


def outcome(key: str, results: Results) -> Outcome:
    counted = {arm: results.one(arm)[key] for arm in SAID}
    holds = all(agrees(counted[arm], said) for arm, said in SAID.items())
    measured = " and ".join(like(said, counted[arm]) for arm, said in SAID.items())
    return Outcome(holds, measured, expected=" and ".join(SAID.values()))


AS_FLOPS = "the blocks cost 1.2 M and 70 K FLOPs, even at one position only"
PARTS = (
    Exact(AS_FLOPS, partial(outcome, "flops_per_position")),
    Exact("the blocks have 1.2 M and 70 K weights", partial(outcome, "weights")),
)


def finding(results: Results) -> str:
    basic, bottleneck, equal = (results.one(arm.name) for arm in ARMS)
    return (
        f"{basic['weights']:,} and {bottleneck['weights']:,} are weights, that is multiply-adds at one position; on "
        f"the 56×56 map the blocks cost {2 * basic['macs'] / 1e9:.2f} G and {2 * bottleneck['macs'] / 1e9:.2f} G "
        f"FLOPs. The paper's own pair, of equal cost, is {equal['weights']:,} (64 channels, basic) and "
        f"{bottleneck['weights']:,}."
    )


def figure(results: Results) -> Figure:
    columns = ("block", "said", "weights", "FLOPs, one position", "FLOPs, 56×56 map")
    rows = []
    for arm in ARMS:
        at = results.one(arm.name)
        counts = (at["weights"], at["flops_per_position"], 2 * at["macs"])
        rows.append((arm.name, SAID.get(arm.name, "–"), *(f"{count:,.0f}" for count in counts)))
    return table(columns, rows, numbers=columns[1:])


CLAIM = Claim(
    slug="bottleneck_cost",
    doc=__doc__,
    source=Source(HE_2015, "Figure 5, as a tutorial renders it"),
    kinds=(Kind.EXACT,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=partial(default_verdict, decides=(AS_FLOPS,)),  # the other part says what the numbers are instead
    finding=finding,
)
