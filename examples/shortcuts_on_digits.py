"""Where the shape changes, a projection (B) errs less than zeros for new channels (A).

The table of `resnetlab exercises`: three shortcuts and none, trained alike. He et al. 2015, Table 3 found options A,
B and C close to each other, and a plain net far away. Run it with `resnetlab lab run
examples/shortcuts_on_digits.py`.

Protocol: ResNet-20 with options A, B and C and plain-20, of the pool's width, on the laboratory's digits; eight seeds
each, the same data order for all, and the same numbers at the start where layers are the same.

What this does not show: what happens on natural images. B and C have more parameters than A.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from resnetlab.analysis import count_parameters
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.tiers import Tier
from resnetlab.pages.figures import strips

TIERS = (Tier.QUICK,)
ARMS = (
    *(pool.variant(option, "resnet20", TIERS, shortcut=option) for option in ("A", "B", "C")),
    pool.variant("plain", "plain20", TIERS),
)


def measure(run: Run) -> Measures:
    assert run.trained is not None
    return {"test_error": 100 * run.trained.test_error, "parameters": count_parameters(run.trained.model)}


PARTS = (
    Part(
        "B errs less than A",
        effect=Contrast("test_error", plus=("A",), minus=("B",)),
        above=0.0,
        unit="points of test error",
    ),
)


def finding(results: Results) -> str:
    return ", ".join(f"{arm.name} {results.values(arm.name, 'test_error').mean():.2f} %" for arm in ARMS) + " wrong."


def figure(results: Results) -> Figure:
    return strips({arm.name: results.values(arm.name, "test_error") for arm in ARMS}, y="test error, %")


CLAIM = Claim(
    slug="shortcuts_on_digits",
    doc=__doc__,
    source="an example",
    kinds=(Kind.TRAINS,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
