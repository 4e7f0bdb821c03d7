"""At equal cost width, or cardinality, does better than depth.

Zagoruyko & Komodakis 2016 get with 16 wide layers what thin networks of a thousand get, and Xie et al. 2017 do better
with more groups than with more layers or channels, each at a matched number of multiply-adds.

Protocol: at the full tier only. Three networks of one cost: ResNet-110, 16 channels wide; ResNet-20, 40 channels wide;
and ResNet-29 in bottlenecks of 4 groups. That their multiply-adds agree within 2 % is counted first. The effect is the
test error of ResNet-110 minus that of the other, and has to be above half a point.

What this does not show: time. Multiply-adds in narrow layers take longer than in wide ones, and parameters are
neither: the wide network has as many as the deep one, and the grouped one fewer. One learning rate serves all three.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from resnetlab.analysis import count_macs
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Contrast, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.tiers import Tier
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import ZAGORUYKO_2016, Source

FULL = (Tier.FULL,)
DEEP, WIDE, GROUPED = "110 layers, 16 wide", "20 layers, 40 wide", "29 layers, 4 groups"
CLOSE = 0.02
ARMS = (
    pool.variant(DEEP, "resnet110", tiers=FULL),
    pool.variant(WIDE, "resnet20", tiers=FULL, width=40),
    pool.variant(GROUPED, "resnext29_8x64d", tiers=FULL, groups=4, base_width=16, width=46),
)


def measure(run: Run) -> Measures:
    assert run.trained is not None
    macs = count_macs(run.trained.model, tuple(run.data.test_images.shape[1:]))
    return {"macs": macs, "test_error": 100 * run.trained.test_error}


def cost_alike(results: Results) -> Outcome:
    macs = [results.of(arm.name)[0]["macs"] for arm in ARMS]
    off = max(abs(count / macs[0] - 1) for count in macs)
    return Outcome(off <= CLOSE, f"{off:.1%} apart at most", f"{CLOSE:.0%}")


PARTS: tuple[Part | Exact, ...] = (
    Exact("all three cost as many multiply-adds", cost_alike, tiers=FULL),
    *(
        Part(
            f"{name} gets fewer test images wrong than {DEEP}",
            effect=Contrast("test_error", plus=(DEEP,), minus=(name,)),
            above=0.5,
            unit="points of test error",
            tiers=FULL,
        )
        for name in (WIDE, GROUPED)
    ),
)


def finding(results: Results) -> str:
    wrong = ", ".join(f"{results.values(arm.name, 'test_error').mean():.2f} % with {arm.name}" for arm in ARMS)
    return f"Test images wrong: {wrong}."


def figure(results: Results) -> Figure:
    return strips({arm.name: results.values(arm.name, "test_error") for arm in ARMS}, y="test images wrong, %")


CLAIM = Claim(
    slug="width_or_depth",
    doc=__doc__,
    source=Source(ZAGORUYKO_2016, "Table 6, and Xie et al. 2017, Table 4"),
    kinds=(Kind.EXACT, Kind.POOL),
    tiers=FULL,
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
