"""What a claim comes to on results that are planted or measured small."""

from __future__ import annotations

from resnetlab.experiments.base import Claim, Results
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.tiers import Tier


def verdicts(claim: Claim, results: Results) -> list[str]:
    """The quick tier's verdict, then those of all parts, also of parts that have none there."""
    word, parts = judge_claim(claim, results, Tier.QUICK, 60)
    return [word, *(part.verdict for part in parts)]
