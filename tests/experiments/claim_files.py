"""Claim files for tests of the machinery: small, quick, and as a user would write them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

COIN = '''"""A fair coin is worth more than {above}.

Protocol: numbers are drawn; one arm adds one to each of them.

What this does not show: anything about networks.
"""

import time

import torch
from matplotlib.figure import Figure

from resnetlab.experiments.base import Arm, Claim, Contrast, Exact, Kind, Outcome, Part

ARMS = (Arm("plus one", settings=1, seeds={seeds}), Arm("nothing", settings=0, seeds={seeds}))


def measure(run):
    time.sleep({pause})
    {trouble}
    return {{"drawn": torch.rand(1).item() + run.arm.settings, "threads": torch.get_num_threads()}}


CLAIM = Claim(
    slug="coin",
    doc=__doc__,
    source="a test",
    kinds={kinds},
    arms=ARMS,
    measure=measure,
    parts=(
        Part("one more is more", Contrast("{measure_name}", plus=("plus one",), minus=("nothing",)), above={above}),
        Exact("there are seeds", outcome=lambda results: Outcome(len(results.of("nothing")) > 0, 1, "some")),
    ),
    figure={figure},
)
'''


TRAINED = '''"""A wider network fits two pictures better.

Protocol: two networks of eight layers are trained for an epoch.

What this does not show: anything.
"""

import torch
from matplotlib.figure import Figure

from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Part
from resnetlab.experiments.trained import Training
from resnetlab.training import TrainingPlan

PLAN = TrainingPlan(epochs=2, batch_size=4, lr=0.05)
FIELDS = (("depths", (1, 1, 1)),)
ARMS = tuple(Arm(f"width {width}", seeds=2, training=Training("resnet20", width, PLAN, FIELDS)) for width in (2, 4))


def measure(run):
    return {"drawn": torch.rand(1).item() + run.trained.train_loss, "losses": run.trained.history.step_losses}


CLAIM = Claim(
    slug="trained",
    doc=__doc__,
    source="a test",
    kinds=(Kind.POOL,),
    arms=ARMS,
    measure=measure,
    parts=(Part("wider is better", Contrast("drawn", plus=("width 2",), minus=("width 4",)), above=0.1),),
    figure=lambda results: Figure(),
)
'''


@dataclass(frozen=True)
class Coin:
    """What varies between the claim files.

    Args:
        seeds: of both arms.
        pause: seconds that every measure takes.
        above: δ.
        trouble: a line of code run in every measure.
        measure_name: what the part asks for; "drawn" is there.
        figure: an expression that draws.
        kinds: an expression.
    """

    seeds: int = 4
    pause: float = 0.0
    above: float = 0.5
    trouble: str = "pass"
    measure_name: str = "drawn"
    figure: str = "lambda results: Figure()"
    kinds: str = "(Kind.INITIALISATION,)"


def write_trained(folder: Path) -> Path:
    """A claim file that trains networks of the pool, each by its own short plan."""
    file = folder / "trained.py"
    file.write_text(TRAINED, encoding="utf-8")
    return file


def write_coin(folder: Path, **differences: Any) -> Path:
    """A claim file that draws numbers, with the differences of a `Coin`."""
    file = folder / "coin.py"
    file.write_text(COIN.format(**asdict(Coin(**differences))), encoding="utf-8")
    return file
