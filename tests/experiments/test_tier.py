"""The whole quick tier: all of it runs, its page is whole, and another base of seeds tells the same story."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from resnetlab import report
from resnetlab.exercises.course import solution
from resnetlab.experiments.lab import LabResult
from resnetlab.experiments.ledger import claims_of
from resnetlab.experiments.tiers import Tier

pytestmark = pytest.mark.xdist_group("the whole tier")
MEGABYTE = 2**20
SLUGS = tuple(claim.slug for claim in claims_of(Tier.QUICK))


def run(folder: Path, seed: int = 0) -> LabResult:
    return report(output=folder / f"base-{seed}", seed=seed, quiet=True)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> LabResult:
    return run(tmp_path_factory.mktemp("tier"))


def test_the_page_has_every_claim_with_its_figure_and_stays_small(result: LabResult) -> None:
    assert list(result.verdicts) == list(SLUGS)
    assert result.complete
    figures = {path.name for path in (result.folder / "figures").iterdir()}
    assert figures == {f"{slug}.{kind}" for slug in SLUGS for kind in ("svg", "png")}
    assert result.page.stat().st_size < 4 * MEGABYTE


def test_the_table_of_gradients_that_an_exercise_shows_is_of_this_tier(result: LabResult) -> None:
    table = " ".join(solution("reading_gradients").split())
    [claim] = [claim for claim in result.results["claims"] if claim["slug"] == "vanishing_gradients"]
    assert len(claim["parts"]) == 3
    for part in claim["parts"]:
        lost, (low, high) = part["effect"], part["interval"]
        assert f" {lost:.3f} {low:.3f} to {high:.3f} {100 * math.expm1(-lost):+.0f} % " in table, part["name"]


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2])
def test_another_base_of_seeds_keeps_nine_verdicts_in_ten_and_turns_none_round(tmp_path: Path, seed: int) -> None:
    first, other = run(tmp_path).verdicts, run(tmp_path, seed).verdicts
    kept = sum(first[slug] == other[slug] for slug in SLUGS)
    assert kept >= 0.9 * len(SLUGS)
    assert not [slug for slug in SLUGS if {first[slug], other[slug]} == {"supported", "reversed"}]
