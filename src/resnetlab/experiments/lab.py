"""The laboratory's verbs: run claims, or report on a whole tier; both write one page of evidence."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import resnetlab
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import make_output_folder
from resnetlab.core.machine import describe_environment
from resnetlab.experiments.base import Claim, PartResult
from resnetlab.experiments.benches import Bench, at_tier, make_bench
from resnetlab.experiments.cache import Cache
from resnetlab.experiments.costs import refuse_unconfirmed
from resnetlab.experiments.describe import headline, rerun_command
from resnetlab.experiments.display import Display
from resnetlab.experiments.drawing import draw_figures
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.ledger import claims_of, find_claim, registered_parts
from resnetlab.experiments.runner import Failure, Measured, Workers, run_claims
from resnetlab.experiments.settings import LabSettings
from resnetlab.experiments.statistics import Verdict
from resnetlab.experiments.tiers import Tier
from resnetlab.pages.report import write_report

SCHEMA = "1"


@dataclass(frozen=True)
class LabResult:
    """What a run of the laboratory found.

    Args:
        results: the content of results.json, see docs/results.md.
        folder: where the page, results.json and the figures are.
    """

    results: dict[str, Any]
    folder: Path

    @property
    def page(self) -> Path:
        """The page of evidence."""
        return self.folder / "report.html"

    @property
    def verdicts(self) -> dict[str, str]:
        """Slug → verdict."""
        return {claim["slug"]: claim["verdict"] for claim in self.results["claims"]}

    @property
    def complete(self) -> bool:
        """Every claim has been run."""
        return Verdict.NOT_RUN not in self.verdicts.values()


def report(**options: Any) -> LabResult:
    """Put every claim of a tier, the quick one unless told otherwise, to the test and write one page of evidence.

    Args:
        **options: the fields of `LabSettings`: tier, data, output, seed, jobs, engine, cache, exist_ok, quiet, …

    Raises:
        ResnetlabError: the request cannot be met; nothing has been written.
    """
    settings = LabSettings(**options)
    return _run(_slugs(Tier(settings.tier)), "report", settings.tier, settings)


def run_lab(claims: Sequence[str] = (), **options: Any) -> LabResult:
    """Put claims to the test: of the ledger by their slugs, or your own by the path of their file.

    Args:
        claims: slugs, paths of Python files that define `CLAIM`, or the name of a tier; none means the whole tier.
        **options: the fields of `LabSettings`.

    Raises:
        ResnetlabError: the request cannot be met; nothing has been written.
    """
    names = (claims,) if isinstance(claims, str) else tuple(map(str, claims))
    settings = _with_named_tier(names, LabSettings(**options))
    tier = Tier(settings.tier)
    whole = not names or tier.value in names
    locators = list(dict.fromkeys((*(_slugs(tier) if whole else ()), *(name for name in names if name != tier.value))))
    name = tier.value if whole else Path(locators[0]).stem if len(locators) == 1 else f"{len(locators)}-claims"
    return _run(locators, "lab", name, settings)


def _slugs(tier: Tier) -> list[str]:
    return [claim.slug for claim in claims_of(tier)]


def _with_named_tier(names: Sequence[str], settings: LabSettings) -> LabSettings:
    """The settings, with the tier that stands among the claims."""
    named = [name for name in names if name in tuple(Tier)]
    return replace(settings, tier=named[0]) if named else settings  # type: ignore[arg-type]  # it is one of them


def _run(locators: Sequence[str], command: str, name: str, settings: LabSettings) -> LabResult:
    started, clock = datetime.now(UTC), time.perf_counter()
    tier = Tier(settings.tier)
    claims = _chosen(locators, tier)
    workers = Workers(settings.jobs, settings.engine)
    if tier is Tier.FULL and not settings.yes:
        refuse_unconfirmed(list(claims.values()))
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory())) if settings.no_cache else None
        cache = Cache.at(temporary or settings.cache)
        bench = make_bench(tier, settings.data, cache.folder / "data")
        images = bench.images_in_words
        folder = make_output_folder(command, name, settings.output, settings.exist_ok)
        display = stack.enter_context(Display(folder, settings.quiet, kept=not settings.no_cache))
        measured = run_claims(locators, bench, cache, workers, settings.seed, display.job_ended)
        display.say("drawing the figures")
        drawn = draw_figures({locator: measured[locator].results for locator in locators}, workers)
    figures = {claims[at].slug: drawing for at, drawing in drawn.items() if not isinstance(drawing, Failure)}
    for locator, drawing in drawn.items():
        if isinstance(drawing, Failure):
            measured[locator].failures.append(drawing)
    entries = [_entry(locator, claims[locator], measured[locator], bench, settings.seed) for locator in locators]
    when = {"started": started.isoformat(timespec="seconds"), "seconds": round(time.perf_counter() - clock, 1)}
    results = _about_the_run(bench, images, settings.seed) | when | _all_claims(entries)
    write_report(folder, results, figures)
    return LabResult(results, folder)


def _about_the_run(bench: Bench, images: str, seed: int) -> dict[str, Any]:
    """What results.json says before the claims."""
    return {
        "schema": SCHEMA,
        "resnetlab": resnetlab.__version__,
        "tier": bench.tier.value,
        "data": bench.data.reference,
        "images": images,
        "seed": seed,
        "parts_registered": registered_parts(bench.tier),
        "environment": describe_environment(),
    }


def _all_claims(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The claims as results.json holds them, with their score and how far intervals can be trusted."""
    return {
        "score": dict(Counter(entry["verdict"] for entry in entries)),
        "coverage": json.loads((Path(__file__).parent / "coverage.json").read_text(encoding="utf-8")),
        "claims": entries,
    }


def _chosen(locators: Sequence[str], tier: Tier) -> dict[str, Claim]:
    """The claims as the tier runs them, by locator.

    Raises:
        ResnetlabError: two have one slug, or one is not in the tier.
    """
    claims = {locator: find_claim(locator) for locator in locators}
    for slug, times in Counter(claim.slug for claim in claims.values()).items():
        if times > 1:
            files = ", ".join(locator for locator, claim in claims.items() if claim.slug == slug)
            raise ResnetlabError(f"claims of one slug, {slug!r}: {files}\ngive each its own")
    for locator, claim in claims.items():
        if tier not in claim.tiers:
            raise ResnetlabError(f"{locator} is not in the {tier} tier\ngive --tier {claim.tiers[0]}")
    return {locator: at_tier(claim, tier) for locator, claim in claims.items()}


def _entry(locator: str, claim: Claim, measured: Measured, bench: Bench, seed: int) -> dict[str, Any]:
    """A claim as results.json holds it."""
    verdict, parts, finding = _judged(claim, measured, bench.tier)
    return {
        **headline(claim, bench.tier, rerun_command(locator, bench.tier, bench.data.reference, seed)),
        "tier": bench.tier.value,
        "verdict": verdict.value,
        "finding": finding,
        "seconds": round(measured.seconds, 2),
        "diverged": sum(
            bool(run.get("diverged")) for runs in measured.results.measures.values() for run in runs.values()
        ),
        "parts": [asdict(part) for part in parts],
    }


def _judged(claim: Claim, measured: Measured, tier: Tier) -> tuple[Verdict, list[PartResult], str]:
    """Verdict, parts and finding; "not run" and why where a run failed, or the claim's own file has a mistake."""
    if not measured.failures:
        try:
            verdict, parts = judge_claim(claim, measured.results, tier, registered_parts(tier))
            return verdict, parts, claim.finding(measured.results) if claim.finding else ""
        except Exception as error:  # one claim's mistake must not end the others
            measured.failures.append(Failure("judging", f"{type(error).__name__}: {error}"))
    first = measured.failures[0]
    reason = f"{first.what}: {first.error}"
    return Verdict.NOT_RUN, [PartResult(part.name, Verdict.NOT_RUN, reason=reason) for part in claim.parts], ""
