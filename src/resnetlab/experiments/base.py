"""What an experiment is: a claim with its arms, what is measured on each, and the parts that decide.

A claim's file reads from top to bottom: docstring (the claim, its meaning in the source, the protocol, what it does
not show), arms, measure, parts, figure. Seeds, workers, caching, intervals and pages are the runner's; a claim knows
none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from resnetlab.core.errors import ResnetlabError
from resnetlab.data import ImageData
from resnetlab.experiments.lab_data import DIGITS, LabData
from resnetlab.experiments.statistics import Interval, Verdict, default_verdict, trained_interval
from resnetlab.experiments.tiers import NATURAL, Tier
from resnetlab.experiments.trained import TrainedNetwork, Training
from resnetlab.specs.papers import Source

HEADINGS = {"Protocol:": "protocol", "What this does not show:": "confound"}
"""How paragraphs of a claim's docstring begin, and what they are then."""
TIER_HEADINGS = {"On natural images:": NATURAL, "At the full tier:": (Tier.FULL,)}
"""How paragraphs begin that belong to the protocol of some tiers."""

Measures = Mapping[str, Any]
"""What one run measured: names to numbers, or to lists of numbers for figures. It must survive JSON."""


class Kind(StrEnum):
    """How much a claim needs."""

    EXACT = "exact"
    INITIALISATION = "initialisation"
    POOL = "trained pool"
    TRAINS = "trains"


@dataclass(frozen=True)
class Arm:
    """One condition of an experiment.

    Args:
        name: as figures and effects call it.
        settings: what this arm varies; frozen, any type the claim likes.
        seeds: how many independent runs: 1 for exact arms, 20 or more for draws, 5 or more for training.
        training: the pool's network that the measure needs; trained once for all claims.
        trains: the network that every run trains for itself by the tier's plan, for what the arm costs.
        measure: what is measured on this arm, where it is not the claim's own `measure`.
        tiers: where the arm is run.
    """

    name: str
    settings: Any = None
    seeds: int = 1
    training: Training | None = None
    trains: Training | None = None
    measure: Callable[[Run], Measures] | None = None
    tiers: tuple[Tier, ...] = tuple(Tier)


@dataclass(frozen=True)
class Run:
    """One arm with one seed, as `measure` sees it. PyTorch's generator has been seeded with `seed`.

    Args:
        arm: the condition.
        seed: of this run; runs of the same seed are paired over arms.
        lab_data: what the laboratory runs on.
        trained: the pool's network, for arms that ask for one.
        tier: that is run.
    """

    arm: Arm
    seed: int
    lab_data: LabData = DIGITS
    trained: TrainedNetwork | None = None
    tier: Tier = Tier.QUICK

    @cached_property
    def data(self) -> ImageData:
        """The laboratory's data set."""
        return self.lab_data.load()


@dataclass(frozen=True)
class Results:
    """All measures of a claim: arm → seed → measures, and the tier in which they were made."""

    measures: Mapping[str, Mapping[int, Measures]]
    tier: Tier = Tier.QUICK

    def of(self, arm: str) -> list[Measures]:
        """The measures of an arm, in the order of its seeds."""
        runs = self.measures.get(arm, {})
        return [runs[seed] for seed in sorted(runs)]

    def one(self, arm: str) -> Measures:
        """The measures of an arm that runs once."""
        return self.of(arm)[0]

    def values(self, arm: str, of: str) -> NDArray[np.float64]:
        """One measure of an arm over its seeds; lists become rows."""
        return np.array([measures[of] for measures in self.of(arm)], dtype=float)

    def paired(self, *arms: str) -> list[Mapping[str, Measures]]:
        """For every seed that all these arms have: arm → measures."""
        common = set.intersection(*(set(self.measures.get(arm, {})) for arm in arms))
        return [{arm: self.measures[arm][seed] for arm in arms} for seed in sorted(common)]


Effect = Callable[[Results], Sequence[float] | NDArray[np.float64]]
"""One number per seed (or draw); positive where the claim is right."""


@dataclass(frozen=True)
class Contrast:
    """The sum of one measure over some arms minus its sum over others, seed by seed.

    >>> Contrast("log_train_loss", plus=("plain56",), minus=("plain20",))  # doctest: +ELLIPSIS
    Contrast(...)
    """

    of: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()

    def __call__(self, results: Results) -> list[float]:
        return [
            sum(at[arm][self.of] for arm in self.plus) - sum(at[arm][self.of] for arm in self.minus)
            for at in results.paired(*self.plus, *self.minus)
        ]


@dataclass(frozen=True)
class Part:
    """A named statement "effect > δ", decided by an interval.

    Args:
        name: the statement in words.
        effect: from results to one number per seed.
        above: δ.
        unit: of the effect.
        interval: the rule that turns numbers into an interval: `trained_interval` or `initialisation_interval`.
        tiers: where the part is decided; elsewhere it is "not run".
    """

    name: str
    effect: Effect
    above: float
    unit: str = ""
    interval: Callable[[Sequence[float] | NDArray[np.float64], float], Interval] = trained_interval
    tiers: tuple[Tier, ...] = tuple(Tier)


@dataclass(frozen=True)
class Outcome:
    """What an exact part found.

    Args:
        holds: the statement is true of what was measured.
        measured: the number, or a short text.
        expected: what the statement says it should be.
    """

    holds: bool
    measured: float | str
    expected: float | str


@dataclass(frozen=True)
class Exact:
    """A named statement that is true or false without an interval: arithmetic, an identity, a count.

    Args:
        name: the statement in words.
        outcome: from results to what was found.
        tiers: where the part is decided.
    """

    name: str
    outcome: Callable[[Results], Outcome]
    tiers: tuple[Tier, ...] = tuple(Tier)


@dataclass(frozen=True)
class PartResult:
    """A decided part, as plain values for JSON and pages; fields that do not apply are None."""

    name: str
    verdict: Verdict
    effect: float | None = None
    interval: tuple[float, float] | None = None
    t_interval: tuple[float, float] | None = None
    bootstrap_interval: tuple[float, float] | None = None
    level: float | None = None
    delta: float | None = None
    n: int | None = None
    unit: str = ""
    method: str = ""
    values: tuple[float, ...] = ()
    measured: float | str | None = None
    expected: float | str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim of a paper or a tutorial, and the experiment that tests it.

    Args:
        slug: its name on the command line; the file's name.
        doc: the file's docstring: the claim in one line, then paragraphs; those that begin with "Protocol:" and "What
            this does not show:" are shown under these headings.
        source: who says it, and where.
        kinds: what it needs.
        tiers: where it runs.
        arms: its conditions.
        parts: what decides.
        figure: the picture of its results.
        measure: what is measured on every arm that has no measure of its own.
        rule: from the verdicts of the tier's parts, by name, to the claim's.
        finding: one or two sentences from the measured numbers; nuance belongs here, not into the verdict.
        trains_on_all: its own trainings go through all images that a tier has, for what it costs.
        data: what it runs on in every tier, where that is not the tier's own data.

    Raises:
        ResnetlabError: a field of another kind, two arms or parts of one name, or a text that leaves out a paragraph.
    """

    slug: str
    doc: str
    source: Source | str
    kinds: tuple[Kind, ...]
    arms: tuple[Arm, ...]
    parts: tuple[Part | Exact, ...]
    figure: Callable[[Results], Figure]
    measure: Callable[[Run], Measures] | None = None
    tiers: tuple[Tier, ...] = tuple(Tier)
    rule: Callable[[Mapping[str, Verdict]], Verdict] = default_verdict
    finding: Callable[[Results], str] | None = None
    trains_on_all: bool = False
    data: str | None = None

    def __post_init__(self) -> None:
        for heading in HEADINGS:
            if heading not in (self.doc or ""):
                self._refuse("doc", f"has no paragraph that begins with {heading!r}", "say it in the file's docstring")
        for name, classes in (("kinds", (Kind,)), ("arms", (Arm,)), ("parts", (Part, Exact)), ("tiers", (Tier,))):
            given = getattr(self, name)
            if not (isinstance(given, tuple) and given and all(isinstance(one, classes) for one in given)):
                names = " or ".join(one.__name__ for one in classes)
                self._refuse(name, f"is {given!r:.60}", f"give a tuple of {names}, with a comma after a single one")
        for name in ("arms", "parts"):
            twice = [one for one, times in Counter(one.name for one in getattr(self, name)).items() if times > 1]
            if twice:
                self._refuse(name, f"has two of the name {twice[0]!r}", "give each its own")

    def _refuse(self, field: str, wrong: str, remedy: str) -> NoReturn:
        raise ResnetlabError(f"claim {self.slug!r}: {field} {wrong}\n{remedy}")

    @property
    def title(self) -> str:
        """The claim in one line."""
        return self.doc.strip().splitlines()[0].rstrip(".")

    def text(self, tier: Tier = Tier.QUICK) -> dict[str, str]:
        """The docstring's paragraphs: "meaning", "protocol" with what is done otherwise in this tier, "confound"."""
        found = {"meaning": "", "protocol": "", "confound": ""}
        for paragraph in self.doc.strip().split("\n\n")[1:]:
            words = " ".join(paragraph.split())
            heading = next((heading for heading in (*HEADINGS, *TIER_HEADINGS) if words.startswith(heading)), "")
            if tier in TIER_HEADINGS.get(heading, (tier,)):
                key = "protocol" if heading in TIER_HEADINGS else HEADINGS.get(heading, "meaning")
                said = words if heading in TIER_HEADINGS else words.removeprefix(heading).strip()
                found[key] = f"{found[key]} {said}".strip()
        return found

    def arm(self, name: str) -> Arm:
        """The arm of this name."""
        return next(arm for arm in self.arms if arm.name == name)
