"""`resnetlab lab list | run | show`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from resnetlab.experiments.settings import LabSettings, TierName

if TYPE_CHECKING:
    from resnetlab.experiments.lab import LabResult


@dataclass(frozen=True)
class LabList:
    """List the claims of the ledger: slug, kind, parts, cost, source."""

    tier: TierName = "quick"
    """which tier's claims."""
    json: bool = False
    """print the list as JSON."""

    EXAMPLES: ClassVar = ("resnetlab lab list", "resnetlab lab list --tier standard", "resnetlab lab list --json")

    def __call__(self) -> int:
        from resnetlab.core.terminal import show
        from resnetlab.experiments.describe import list_claims, tier_cost
        from resnetlab.experiments.tables import claims_table

        claims = list_claims(self.tier)
        if self.json:
            print(json.dumps(claims, ensure_ascii=False, indent=2))
        else:
            show(claims_table(claims, self.tier, tier_cost(self.tier)))
        return 0


@dataclass(frozen=True)
class LabShow:
    """Show one claim: what its source says, how it is tested, what decides, and what it does not show."""

    claim: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="CLAIM")]
    """slug of the ledger, or path of a claim file."""
    tier: TierName = "quick"
    """as which tier runs it."""
    json: bool = False
    """print it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab lab show degradation",
        "resnetlab lab show path_lengths --tier standard",
        "resnetlab lab show bottleneck_cost --json",
    )

    def __call__(self) -> int:
        from resnetlab.core.terminal import show
        from resnetlab.experiments.describe import describe_claim
        from resnetlab.experiments.tables import claim_sheet

        claim = describe_claim(self.claim, self.tier)
        if self.json:
            print(json.dumps(claim, ensure_ascii=False, indent=2))
        else:
            show(claim_sheet(claim))
        return 0


@dataclass(frozen=True)
class LabRun(LabSettings):
    """Put claims to the test, and write their page.

    Claims are named by their slugs, or by the path of a Python file of yours that defines CLAIM; without any the whole
    tier is run. The standard tier is for natural images, and an hour: --tier standard --data imagefolder:FOLDER.
    """

    claims: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CLAIM ...]")] = ()
    """slugs, paths of claim files, or a tier's name for all of it, as without any."""
    json: bool = False
    """print the results as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab lab run degradation",
        "resnetlab lab run bottleneck_cost size_tables --json",
        "resnetlab lab run receptive_field --tier standard --data imagefolder:classes",
    )

    def __call__(self) -> int:
        from resnetlab.experiments.lab import run_lab

        return finish(run_lab(self.claims, **self.options()), self.json)


@dataclass(frozen=True)
class LabCompare(LabSettings):
    """Put claims to the test in the quick tier and in a larger one, and say which verdicts survive.

    Runs that are kept are not done again: after `report` and a run of the standard tier this takes seconds.
    """

    tier: TierName = "standard"
    """the tier that is compared with the quick one."""
    claims: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CLAIM ...]")] = ()
    """slugs or paths of claim files; none for all claims of both tiers."""
    json: bool = False
    """print the rows as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab lab compare receptive_field --data imagefolder:classes",
        "resnetlab lab compare bottleneck_cost size_tables --data imagefolder:classes --output tiers",
        "resnetlab lab compare vgg_or_resnet --data imagefolder:classes --json",
    )

    def __call__(self) -> int:
        from resnetlab.core.terminal import show
        from resnetlab.experiments.compare import compare_tiers
        from resnetlab.experiments.tables import tiers_table

        found = compare_tiers(self.claims, **self.options())
        if self.json:
            print(json.dumps(found.rows, ensure_ascii=False, indent=2))
        else:
            show(tiers_table(found.rows), f"page:    {found.page}")
        return 0 if found.complete else 1


def finish(result: LabResult, as_json: bool) -> int:
    """Print what the laboratory found, and where; 1 where a claim could not be run."""
    from resnetlab.core.terminal import show
    from resnetlab.experiments.tables import results_table

    if as_json:
        print(json.dumps(result.results, ensure_ascii=False, indent=2))
    else:
        show(results_table(result.results), *next_steps(result))
    return 0 if result.complete else 1


def next_steps(result: LabResult) -> tuple[str, ...]:
    """Where the page is, and what to type next."""
    first, tier = result.results["claims"][0], result.results["tier"]
    claim = first["rerun"].removeprefix("resnetlab lab run ").split(" --")[0]
    return (
        f"page:    {result.page}",
        f"numbers: {result.folder / 'results.json'}",
        f"next:    resnetlab lab show {claim}" + (f" --tier {tier}" if tier != "quick" else ""),
    )
