"""Claim files for tests of the machinery: small, quick, and as a user would write them."""

from __future__ import annotations

from pathlib import Path

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
    kinds=(Kind.INITIALISATION,),
    arms=ARMS,
    measure=measure,
    parts=(
        Part("one more is more", effect=Contrast("drawn", plus=("plus one",), minus=("nothing",)), above={above}),
        Exact("there are seeds", outcome=lambda results: Outcome(len(results.of("nothing")) > 0, 1, "some")),
    ),
    figure=lambda results: Figure(),
)
'''


def write_coin(folder: Path, *, seeds: int = 4, pause: float = 0.0, above: float = 0.5, trouble: str = "pass") -> Path:
    """A claim file that draws numbers; `trouble` is a line of code run in every measure."""
    file = folder / "coin.py"
    file.write_text(COIN.format(seeds=seeds, pause=pause, above=above, trouble=trouble), encoding="utf-8")
    return file
