"""The ledger in words: claims as plain values, without running them."""

from __future__ import annotations

import shlex
from typing import Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Exact
from resnetlab.experiments.benches import ROWS, at_tier
from resnetlab.experiments.costs import Cost, cost_of, estimated_cost
from resnetlab.experiments.ledger import claims_of, find_claim
from resnetlab.experiments.tiers import Tier
from resnetlab.specs.papers import Source


def list_claims(tier: str = "quick") -> list[dict[str, Any]]:
    """Every claim of a tier, in the ledger's order."""
    return [_describe(claim, claim.slug, Tier(tier)) for claim in claims_of(Tier(tier))]


def tier_cost(tier: str) -> Cost:
    """What a whole tier takes, networks that claims share counted once."""
    return cost_of([at_tier(claim, Tier(tier)) for claim in claims_of(Tier(tier))], Tier(tier))


def describe_claim(locator: str, tier: str = "quick") -> dict[str, Any]:
    """One claim by slug or file, as a tier runs it.

    Raises:
        ResnetlabError: there is no such claim, or it is not in this tier.
    """
    claim = find_claim(locator)
    if Tier(tier) not in claim.tiers:
        raise ResnetlabError(f"{locator} is not in the {tier} tier\ngive --tier {claim.tiers[0]}")
    return _describe(claim, locator, Tier(tier))


def _describe(claim: Claim, locator: str, tier: Tier) -> dict[str, Any]:
    at = at_tier(claim, tier)
    return {
        **headline(at, tier, rerun=rerun_command(locator, tier)),
        "tiers": [tier.value for tier in claim.tiers],
        "parts": [
            {"name": part.name, "exact": True}
            if isinstance(part, Exact)
            else {"name": part.name, "exact": False, "delta": part.above, "unit": part.unit}
            for part in at.parts
            if tier in part.tiers
        ],
        "core_seconds": estimated_cost(at, tier),
    }


def headline(claim: Claim, tier: Tier, rerun: str) -> dict[str, Any]:
    """What is known of a claim before it is run, as results.json has it too.

    Args:
        claim: as `at_tier` gives it.
        tier: that is run.
        rerun: the command that measures it again.
    """
    source = claim.source
    return {
        "slug": claim.slug,
        "title": claim.title,
        "source": str(source),
        "address": source.paper.address if isinstance(source, Source) else None,
        "kind": [kind.value for kind in claim.kinds],
        "text": _text(claim, tier),
        "arms": [{"name": arm.name, "seeds": arm.seeds} for arm in claim.arms],
        "rerun": rerun,
    }


def rerun_command(locator: str, tier: Tier, data: str | None = None, seed: int = 0) -> str:
    """The command that measures a claim again; what it would take by itself is left out.

    >>> rerun_command("degradation", Tier.STANDARD, "imagefolder:photos")
    'resnetlab lab run degradation --tier standard --data imagefolder:photos'

    Args:
        locator: slug or file.
        tier: that was run.
        data: data reference that it ran on.
        seed: the base.
    """
    flags = [] if tier is Tier.QUICK else ["--tier", tier.value]
    flags += [] if data in (None, ROWS[tier].data) else ["--data", str(data)]
    flags += ["--seed", str(seed)] if seed else []
    return shlex.join(["resnetlab", "lab", "run", locator, *flags])


def _text(claim: Claim, tier: Tier) -> dict[str, str]:
    """The claim's paragraphs; its protocol ends with how the pool's networks were trained, where it needs any."""
    text = claim.text(tier)
    plans = dict.fromkeys(pool.in_words(arm.training) for arm in claim.arms if arm.training is not None)
    return text | {"protocol": " ".join((text["protocol"], *plans))}
