"""From measures to verdicts: every part by its interval, every claim by its rule."""

from __future__ import annotations

import math
from typing import Any

from resnetlab.experiments.base import Claim, Exact, Part, PartResult, Results
from resnetlab.experiments.statistics import Verdict, decide, level_for
from resnetlab.experiments.tiers import Tier


def judge_part(part: Part | Exact, results: Results, tier: Tier, parts_registered: int) -> PartResult:
    """The decided part.

    Args:
        part: the statement.
        results: what was measured.
        tier: that is being run.
        parts_registered: m of the ledger's rule.
    """
    if tier not in part.tiers:
        return PartResult(part.name, Verdict.NOT_RUN, reason=f"it belongs to the {part.tiers[0]} tier")
    if isinstance(part, Exact):
        outcome = part.outcome(results)
        verdict = Verdict.HOLDS if outcome.holds else Verdict.DOES_NOT_HOLD
        return PartResult(part.name, verdict, measured=_plain(outcome.measured), expected=_plain(outcome.expected))
    values = [float(value) for value in part.effect(results)]
    interval = part.interval(values, level_for(parts_registered))
    return PartResult(
        name=part.name,
        verdict=decide(interval, part.above),
        effect=interval.mean,
        interval=(interval.low, interval.high),
        t_interval=interval.t,
        bootstrap_interval=interval.bootstrap,
        level=interval.level,
        delta=part.above,
        n=interval.n,
        unit=part.unit,
        method=interval.method,
        values=tuple(values),
    )


def _plain(value: Any) -> float | str:
    """A number or a text that JSON can hold: NumPy's and PyTorch's scalars too, and what is not finite in words."""
    if isinstance(value, str | bool):
        return str(value)
    number: float = value.item() if hasattr(value, "item") else value
    return number if math.isfinite(number) else str(number)


def judge_claim(claim: Claim, results: Results, tier: Tier, parts_registered: int) -> tuple[Verdict, list[PartResult]]:
    """The claim's verdict, with its parts; the rule sees the parts that belong to the tier."""
    parts = [judge_part(part, results, tier, parts_registered) for part in claim.parts]
    decided = {
        result.name: result.verdict for part, result in zip(claim.parts, parts, strict=True) if tier in part.tiers
    }
    return (claim.rule(decided) if decided else Verdict.NOT_RUN), parts
