"""The laboratory's verbs: run claims, or report on a whole tier; both write one page of evidence."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import resnetlab
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import make_output_folder
from resnetlab.core.machine import describe_environment
from resnetlab.data import load_data
from resnetlab.experiments.base import Claim, PartResult, Tier
from resnetlab.experiments.cache import Cache
from resnetlab.experiments.describe import headline
from resnetlab.experiments.display import Display
from resnetlab.experiments.drawing import draw_figures
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.ledger import SLUGS, find_claim, registered_parts
from resnetlab.experiments.runner import Failure, Measured, Workers, run_claims
from resnetlab.experiments.settings import LabSettings
from resnetlab.experiments.statistics import Verdict
from resnetlab.pages.report import write_report

SCHEMA = "1"
TIER = Tier.QUICK


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
    """Put every claim of the quick tier to the test and write one page of evidence.

    Args:
        **options: the fields of `LabSettings`: output, data, seed, jobs, engine, cache, no_cache, exist_ok, quiet.

    Raises:
        ResnetlabError: the request cannot be met; nothing has been written.
    """
    return _run(SLUGS, "report", TIER.value, LabSettings(**options))


def run_lab(claims: Sequence[str] = (), **options: Any) -> LabResult:
    """Put claims to the test: of the ledger by their slugs, or your own by the path of their file.

    Args:
        claims: slugs, paths of Python files that define `CLAIM`, or the name of a tier; none means the quick tier.
        **options: the fields of `LabSettings`.

    Raises:
        ResnetlabError: the request cannot be met; nothing has been written.
    """
    names = (claims,) if isinstance(claims, str) else tuple(map(str, claims))
    whole = not names or TIER.value in names
    locators = list(dict.fromkeys((*(SLUGS if whole else ()), *(name for name in names if name != TIER.value))))
    name = TIER.value if whole else Path(locators[0]).stem if len(locators) == 1 else f"{len(locators)}-claims"
    return _run(locators, "lab", name, LabSettings(**options))


def _run(locators: Sequence[str], command: str, name: str, settings: LabSettings) -> LabResult:
    started, clock = datetime.now(UTC), time.perf_counter()
    claims = {locator: find_claim(locator) for locator in locators}
    for slug, times in Counter(claim.slug for claim in claims.values()).items():
        if times > 1:
            files = ", ".join(locator for locator, claim in claims.items() if claim.slug == slug)
            raise ResnetlabError(f"claims of one slug, {slug!r}: {files}\ngive each its own")
    load_data(settings.data)
    workers = Workers(settings.jobs, settings.engine)
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory())) if settings.no_cache else None
        cache = Cache.at(temporary or settings.cache)
        folder = make_output_folder(command, name, settings.output, settings.exist_ok)
        display = stack.enter_context(Display(folder, settings.quiet, kept=not settings.no_cache))
        measured = run_claims(locators, settings.data, cache, workers, settings.seed, display.job_ended)
        display.say("drawing the figures")
        drawn = draw_figures({locator: measured[locator].results for locator in locators}, workers)
    figures = {claims[at].slug: drawing for at, drawing in drawn.items() if not isinstance(drawing, Failure)}
    for locator, drawing in drawn.items():
        if isinstance(drawing, Failure):
            measured[locator].failures.append(drawing)
    parts_registered = registered_parts(TIER)
    entries = [
        _entry(locator, claims[locator], measured[locator], parts_registered, settings.seed) for locator in locators
    ]
    results = {
        "schema": SCHEMA,
        "resnetlab": resnetlab.__version__,
        "tier": TIER.value,
        "data": settings.data,
        "seed": settings.seed,
        "parts_registered": parts_registered,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - clock, 1),
        "environment": describe_environment(),
        "score": dict(Counter(entry["verdict"] for entry in entries)),
        "coverage": json.loads((Path(__file__).parent / "coverage.json").read_text(encoding="utf-8")),
        "claims": entries,
    }
    write_report(folder, results, figures)
    return LabResult(results, folder)


def _entry(locator: str, claim: Claim, measured: Measured, parts_registered: int, seed: int) -> dict[str, Any]:
    """A claim as results.json holds it."""
    verdict, parts, finding = _judged(claim, measured, parts_registered)
    return {
        **headline(claim, locator, seed),
        "tier": TIER.value,
        "verdict": verdict.value,
        "finding": finding,
        "seconds": round(measured.seconds, 2),
        "diverged": sum(
            bool(run.get("diverged")) for runs in measured.results.measures.values() for run in runs.values()
        ),
        "parts": [asdict(part) for part in parts],
    }


def _judged(claim: Claim, measured: Measured, parts_registered: int) -> tuple[Verdict, list[PartResult], str]:
    """Verdict, parts and finding; "not run" and why where a run failed, or the claim's own file has a mistake."""
    if not measured.failures:
        try:
            verdict, parts = judge_claim(claim, measured.results, TIER, parts_registered)
            return verdict, parts, claim.finding(measured.results) if claim.finding else ""
        except Exception as error:  # one claim's mistake must not end the others
            measured.failures.append(Failure("judging", f"{type(error).__name__}: {error}"))
    first = measured.failures[0]
    reason = f"{first.what}: {first.error}"
    return Verdict.NOT_RUN, [PartResult(part.name, Verdict.NOT_RUN, reason=reason) for part in claim.parts], ""
