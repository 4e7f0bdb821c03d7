"""Draws every claim's figure, in parallel: a page has two dozen of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resnetlab.experiments.base import Results
from resnetlab.experiments.ledger import find_claim
from resnetlab.experiments.runner import Failure, Workers, run_jobs
from resnetlab.pages.svg import Drawing, drawn


@dataclass(frozen=True)
class DrawingJob:
    """Draw the figure of one claim."""

    locator: str
    results: Results

    def __str__(self) -> str:
        return f"{self.locator}: figure"

    def __call__(self) -> Drawing:
        claim = find_claim(self.locator)
        return drawn(claim.figure(self.results), claim.slug)


def draw_figures(results: Mapping[str, Results], workers: Workers) -> dict[str, Drawing | Failure]:
    """The figures of all claims that have results, by locator, as SVG and PNG; a failure where one cannot be drawn."""
    jobs = [DrawingJob(locator, measured) for locator, measured in results.items() if any(measured.measures.values())]
    return {job.locator: outcome for job, outcome in run_jobs(jobs, workers)}
