"""A row for every tier: its data, how much of it, and how the pool's networks are trained there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments.base import Arm, Claim, Kind
from resnetlab.experiments.lab_data import DIGITS, LabData, Sample, prepare
from resnetlab.experiments.tiers import Tier
from resnetlab.experiments.trained import PLAN, WIDTH, Training
from resnetlab.training import TrainingPlan


@dataclass(frozen=True)
class TierRow:
    """What a tier is.

    Args:
        data: data reference, where the user gives none.
        sample: how much of it; None for all of the embedded digits.
        width: of the pool's networks.
        plan: by which they are trained.
        seeds: of every network of the pool.
    """

    data: str
    sample: Sample | None
    width: int
    plan: TrainingPlan
    seeds: int


ROWS = {
    Tier.QUICK: TierRow("digits", None, WIDTH, TrainingPlan(), seeds=8),
    Tier.STANDARD: TierRow("cifar10", Sample(16, train=5_000, test=2_000), WIDTH, TrainingPlan(), seeds=5),
    Tier.FULL: TierRow("cifar10", Sample(32, train=50_000, test=10_000), 16, TrainingPlan(epochs=164), seeds=5),
}


@dataclass(frozen=True)
class Bench:
    """What claims are run on.

    Args:
        tier: whose protocols.
        data: whose images.
    """

    tier: Tier = Tier.QUICK
    data: LabData = DIGITS

    @property
    def images_in_words(self) -> str:
        """How many images of which size there are."""
        data = self.data.load()
        return str(Sample(data.size, len(data.train_labels), len(data.test_labels)))

    def data_for(self, claim: Claim) -> LabData:
        """The claim's own data where it has some, else the tier's."""
        return self.data if claim.data is None else LabData(claim.data)


def make_bench(tier: Tier, reference: str | None, folder: Path) -> Bench:
    """A tier with its data, cut and kept where that is needed.

    Args:
        tier: which.
        reference: data reference; None for the tier's own.
        folder: where images are kept for all processes.

    Raises:
        ResnetlabError: there is no such data, or the quick tier is asked to run on other data than its own.
    """
    row = ROWS[tier]
    if row.sample is None:
        if reference not in (None, row.data):
            raise ResnetlabError(
                f"--data {reference}: the {tier} tier runs on {row.data}\nother images are for --tier {Tier.STANDARD}"
            )
        return Bench(tier, LabData(row.data))
    return Bench(tier, prepare(reference or row.data, row.sample, folder))


def at_tier(claim: Claim, tier: Tier) -> Claim:
    """The claim with the arms that it has in a tier, the pool's networks trained as that tier does.

    Args:
        claim: as its file has it.
        tier: which.
    """
    arms = tuple(_arm_at(arm, tier) for arm in claim.arms if tier in arm.tiers)
    elsewhere = {arm.training for arm in claim.arms} != {arm.training for arm in arms} == {None}
    kinds = tuple(kind for kind in claim.kinds if not (elsewhere and kind is Kind.POOL))
    return replace(claim, arms=arms, kinds=kinds)


def _arm_at(arm: Arm, tier: Tier) -> Arm:
    row = ROWS[tier]
    if arm.trains is not None:
        arm = replace(arm, trains=_trained_at(arm.trains, row))
    if arm.training is None or _states_its_own(arm.training):
        return arm
    seeds = row.seeds if arm.seeds == ROWS[Tier.QUICK].seeds else arm.seeds
    return replace(arm, training=_trained_at(arm.training, row), seeds=seeds)


def _trained_at(training: Training, row: TierRow) -> Training:
    return training if _states_its_own(training) else replace(training, width=row.width, plan=row.plan)


def _states_its_own(training: Training) -> bool:
    """Whether it has a width or a plan of its own, which it keeps in every tier."""
    return (training.width, training.plan) != (WIDTH, PLAN)
