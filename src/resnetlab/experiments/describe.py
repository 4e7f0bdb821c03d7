"""The ledger in words: claims as plain values, without running them."""

from __future__ import annotations

import shlex
from typing import Any

from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Exact, Tier
from resnetlab.experiments.ledger import claims_of, find_claim
from resnetlab.specs.papers import Source


def list_claims(tier: str = "quick") -> list[dict[str, Any]]:
    """Every claim of a tier, in the ledger's order."""
    return [_describe(claim, claim.slug) for claim in claims_of(Tier(tier))]


def describe_claim(locator: str) -> dict[str, Any]:
    """One claim by slug or file.

    Raises:
        ResnetlabError: there is no such claim.
    """
    return _describe(find_claim(locator), locator)


def _describe(claim: Claim, locator: str) -> dict[str, Any]:
    return {
        **headline(claim, locator),
        "tiers": [tier.value for tier in claim.tiers],
        "parts": [
            {"name": part.name, "exact": True}
            if isinstance(part, Exact)
            else {"name": part.name, "exact": False, "delta": part.above, "unit": part.unit}
            for part in claim.parts
        ],
    }


def headline(claim: Claim, locator: str, seed: int = 0) -> dict[str, Any]:
    """What is known of a claim before it is run, as results.json has it too; `seed` is the base it is rerun with."""
    source = claim.source
    return {
        "slug": claim.slug,
        "title": claim.title,
        "source": str(source),
        "address": source.paper.address if isinstance(source, Source) else None,
        "kind": [kind.value for kind in claim.kinds],
        "text": _text(claim),
        "arms": [{"name": arm.name, "seeds": arm.seeds} for arm in claim.arms],
        "rerun": f"resnetlab lab run {shlex.quote(locator)}" + (f" --seed {seed}" if seed else ""),
    }


def _text(claim: Claim) -> dict[str, str]:
    """The claim's paragraphs; its protocol ends with how the pool's networks were trained, where it needs any."""
    plans = dict.fromkeys(pool.in_words(arm.training) for arm in claim.arms if arm.training is not None)
    return claim.text | {"protocol": " ".join((claim.text["protocol"], *plans))}
