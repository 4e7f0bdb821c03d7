"""Does a verdict survive scale? The same claims in two tiers, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import make_output_folder, refuse_output
from resnetlab.experiments.benches import ROWS, at_tier
from resnetlab.experiments.costs import refuse_unconfirmed
from resnetlab.experiments.lab import run_lab
from resnetlab.experiments.lab_data import training_and_test_images
from resnetlab.experiments.ledger import claims_of, find_claim
from resnetlab.experiments.settings import LabSettings
from resnetlab.experiments.statistics import AFFIRMED, DENIED, Verdict
from resnetlab.experiments.tiers import Tier
from resnetlab.pages.tiers import write_tiers_page

SURVIVES, TURNS, OPEN, ONE_TIER = "survives", "turns", "open", "one tier only"


@dataclass(frozen=True)
class TierComparison:
    """The same claims in two tiers.

    Args:
        rows: a claim each: slug, title, verdicts by tier, whether the verdict survives, parts.
        page: `tiers.html`; beside it `tiers.json` has the rows, and a folder for each tier its whole page.
    """

    rows: list[dict[str, Any]]
    page: Path

    @property
    def complete(self) -> bool:
        """Every claim has been run in every tier that has it."""
        return all(Verdict.NOT_RUN not in row["verdicts"].values() for row in self.rows)


def compare_tiers(claims: Sequence[str] = (), **options: Any) -> TierComparison:
    """Run claims in the quick tier and in a larger one, what is missing of them, and say which verdicts survive.

    Args:
        claims: slugs, or paths of Python files that define `CLAIM`; none means all claims of both tiers.
        **options: the fields of `LabSettings`; the tier is that which is compared with the quick one.

    Raises:
        ResnetlabError: the request cannot be met.
    """
    settings = LabSettings(**{"tier": "standard", **options})
    if Tier(settings.tier) is Tier.QUICK:
        raise ResnetlabError("--tier quick: a tier is not compared with itself\ngive --tier standard, or full")
    _refuse_unmet(claims, settings)
    folder = make_output_folder("compare", f"quick-{settings.tier}", settings.output, settings.exist_ok)
    runs = {}
    for tier in (Tier.QUICK, Tier(settings.tier)):
        own = [claim for claim in claims if tier in find_claim(claim).tiers]
        if own or not claims:
            data = settings.data if tier is not Tier.QUICK else None
            here = replace(settings, tier=tier.value, data=data, output=folder / tier.value, exist_ok=True)
            runs[tier] = run_lab(own, **here.options()).results
    rows = compared(runs)
    page = write_tiers_page(folder, list(runs.values()), rows)
    (folder / "tiers.json").write_text(f"{json.dumps(rows, indent=1, ensure_ascii=False)}\n", encoding="utf-8")
    return TierComparison(rows, page)


def _refuse_unmet(claims: Sequence[str], settings: LabSettings) -> None:
    """Pass where the larger tier could begin, before the quick one is run.

    Raises:
        ResnetlabError: its cost is not confirmed, or there is no such claim, data or folder.
    """
    tier = Tier(settings.tier)
    own = [find_claim(claim) for claim in claims] if claims else claims_of(tier)
    for claim in own:
        if not {Tier.QUICK, tier} & set(claim.tiers):
            raise ResnetlabError(
                f"{claim.slug} is in neither the quick nor the {tier} tier\ngive --tier {claim.tiers[0]}"
            )
    if settings.output is not None:
        refuse_output(settings.output, settings.exist_ok)
    if tier is Tier.FULL and not settings.yes:
        refuse_unconfirmed([at_tier(claim, tier) for claim in own if tier in claim.tiers])
    training_and_test_images(settings.data or ROWS[tier].data)


def compared(runs: Mapping[Tier, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for every claim that any of the runs has.

    Args:
        runs: tier → the content of results.json.
    """
    by_slug: dict[str, dict[str, Any]] = {}
    for tier, results in runs.items():
        for claim in results["claims"]:
            by_slug.setdefault(claim["slug"], {})[tier.value] = claim
    return [_row(slug, found) for slug, found in by_slug.items()]


def _row(slug: str, found: Mapping[str, Any]) -> dict[str, Any]:
    names = dict.fromkeys(part["name"] for claim in found.values() for part in claim["parts"])
    parts = [_part(name, found) for name in names]
    verdicts = {tier: claim["verdict"] for tier, claim in found.items()}
    return {
        "slug": slug,
        "title": next(iter(found.values()))["title"],
        "verdicts": verdicts,
        "outcome": outcome(list(verdicts.values())),
        "parts": [part for part in parts if part["verdicts"]],
    }


def _part(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """One part in all tiers that decide it."""
    decided = {
        tier: part
        for tier, claim in found.items()
        for part in claim["parts"]
        if part["name"] == name and part["verdict"] != Verdict.NOT_RUN
    }
    keys = ("effect", "interval", "delta", "n", "unit", "measured")
    return {
        "name": name,
        "verdicts": {tier: part["verdict"] for tier, part in decided.items()},
        "numbers": {tier: {key: part[key] for key in keys} for tier, part in decided.items()},
    }


def outcome(verdicts: Sequence[str]) -> str:
    """Whether verdicts of two tiers say the same: both affirm, or both deny; open where one of them does neither.

    >>> outcome(["supported", "holds"]), outcome(["supported", "reversed"]), outcome(["mixed", "mixed"])
    ('survives', 'turns', 'survives')
    """
    words = {Verdict(word) for word in verdicts}
    if len(verdicts) < 2 or Verdict.NOT_RUN in words:
        return ONE_TIER
    if words <= AFFIRMED or words <= DENIED or words == {Verdict.MIXED}:
        return SURVIVES
    return TURNS if words <= AFFIRMED | DENIED else OPEN
