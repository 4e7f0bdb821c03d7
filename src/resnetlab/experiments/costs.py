"""What a tier takes, before it is run: from costs that were measured, see `benchmarks/lab_costs.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments.base import Claim
from resnetlab.experiments.benches import ROWS
from resnetlab.experiments.tiers import Tier
from resnetlab.experiments.trained import Training
from resnetlab.specs import find_spec

COSTS_NOTHING = frozenset({"order"})  # fields that change no multiply-add
PAPER_WIDTH = 16  # of the first stage of the networks for CIFAR-10, at which their multiply-adds are known


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one core.

    Args:
        measuring: of the claims' own runs.
        networks: of the pool's networks, each counted once.
        unknown: claims and networks that were never measured; they count as nothing.
    """

    measuring: float
    networks: float
    unknown: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """Both together."""
        return self.measuring + self.networks


@cache
def measured_costs() -> dict[str, Any]:
    """The content of costs.json: tier → "claims" and "networks", each name → seconds; "images_per_second"."""
    costs: dict[str, Any] = json.loads((Path(__file__).parent / "costs.json").read_text(encoding="utf-8"))
    return costs


def cost_of(claims: Sequence[Claim], tier: Tier) -> Cost:
    """What these claims take together.

    Args:
        claims: as `at_tier` gives them.
        tier: that is run.
    """
    seeds: dict[Training, int] = {}
    for arm in (arm for claim in claims for arm in claim.arms):
        if arm.training is not None:
            seeds[arm.training] = max(arm.seeds, seeds.get(arm.training, 0))
    own = {claim.slug: measuring_seconds(claim, tier) for claim in claims}
    one = {training: network_seconds(training, tier) for training in seeds}
    return Cost(
        measuring=sum(own[claim.slug] or 0.0 for claim in claims),
        networks=sum((one[training] or 0.0) * count for training, count in seeds.items()),
        unknown=tuple(str(name) for name, seconds in (*own.items(), *one.items()) if seconds is None),
    )


def measuring_seconds(claim: Claim, tier: Tier) -> float | None:
    """Of all runs of a claim, without the training of the pool's networks.

    The full tier's are the standard tier's, times what its images have more pixels and, of claims that train on all of
    them, times what it has more images; what is trained by the tier's plan is reckoned as the pool's networks are.
    """
    measured_in = Tier.STANDARD if tier is Tier.FULL else tier
    kept: dict[str, float] = measured_costs().get(str(measured_in), {}).get("claims", {})
    if tier is not Tier.FULL:
        return kept.get(claim.slug)
    full, standard = ROWS[Tier.FULL].sample, ROWS[Tier.STANDARD].sample
    assert full is not None
    assert standard is not None
    by_plan = [arm.seeds * (network_seconds(arm.trains, tier) or 0.0) for arm in claim.arms if arm.trains]
    if by_plan:
        return sum(by_plan)
    if claim.data is not None:  # the same in every tier
        return kept.get(claim.slug, 0.0)
    more_images = full.train / standard.train if claim.trains_on_all else 1.0
    return kept.get(claim.slug, 0.0) * (full.size / standard.size) ** 2 * more_images


def network_seconds(training: Training, tier: Tier) -> float | None:
    """Of one training; in the full tier reckoned from multiply-adds and the rate of ResNet-20's steps."""
    if tier is not Tier.FULL:
        kept: dict[str, float] = measured_costs().get(str(tier), {}).get("networks", {})
        return kept.get(str(training))
    rate, sample = measured_costs().get("images_per_second"), ROWS[Tier.FULL].sample
    if rate is None or sample is None:
        return None
    ratio = _multiply_adds(training, sample.size) / _multiply_adds(Training("resnet20", PAPER_WIDTH), sample.size)
    return training.plan.epochs * sample.train * ratio / float(rate)


@cache
def _multiply_adds(training: Training, size: int) -> int:
    """Of one colour image; counted on a network without numbers where a field was changed."""
    expected, changed = find_spec(training.model).expect.macs, {name for name, _ in training.fields}
    if expected is not None and changed <= COSTS_NOTHING and training.width == PAPER_WIDTH:
        return expected
    import torch

    from resnetlab.analysis import count_macs
    from resnetlab.weights import create_model

    with torch.device("meta"):
        model = create_model(training.model, **{"width": training.width, **dict(training.fields)})
    return count_macs(model, (3, size, size))


def refuse_unconfirmed(claims: Sequence[Claim]) -> None:
    """Say what the full tier takes, and end.

    Raises:
        ResnetlabError: always; it names the cost and the flag that starts it.
    """
    cost = cost_of(claims, Tier.FULL)
    least = "at least" if cost.unknown else "about"
    raise ResnetlabError(
        f"the full tier takes {least} {cost.total / 3600:,.0f} hours of one core, "
        f"{cost.networks / 3600:,.0f} of them for networks that claims share\n"
        "each claim's: resnetlab lab list --tier full\nstart it with --yes, best with --engine ray or dask"
    )


def estimated_cost(claim: Claim, tier: Tier) -> float | None:
    """Core seconds of one claim with all the networks that it needs; None where something was never measured."""
    cost = cost_of([claim], tier)
    return None if cost.unknown else round(cost.total, 1)
