"""`resnetlab lab list | run | show`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from resnetlab.experiments.settings import LabSettings

if TYPE_CHECKING:
    from resnetlab.experiments.lab import LabResult


@dataclass(frozen=True)
class LabList:
    """List the claims of the ledger: slug, kind, parts, source."""

    tier: Literal["quick"] = "quick"
    """which tier's claims."""
    json: bool = False
    """print the list as JSON."""

    EXAMPLES: ClassVar = ("resnetlab lab list", "resnetlab lab list --tier quick", "resnetlab lab list --json")

    def __call__(self) -> int:
        from resnetlab.core.terminal import show
        from resnetlab.experiments.describe import list_claims
        from resnetlab.experiments.tables import claims_table

        claims = list_claims(self.tier)
        if self.json:
            print(json.dumps(claims, ensure_ascii=False, indent=2))
        else:
            show(claims_table(claims))
        return 0


@dataclass(frozen=True)
class LabShow:
    """Show one claim: what its source says, how it is tested, what decides, and what it does not show."""

    claim: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="CLAIM")]
    """slug of the ledger, or path of a claim file."""
    json: bool = False
    """print it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab lab show degradation",
        "resnetlab lab show path_lengths",
        "resnetlab lab show bottleneck_cost --json",
    )

    def __call__(self) -> int:
        from resnetlab.core.terminal import show
        from resnetlab.experiments.describe import describe_claim
        from resnetlab.experiments.tables import claim_sheet

        claim = describe_claim(self.claim)
        if self.json:
            print(json.dumps(claim, ensure_ascii=False, indent=2))
        else:
            show(claim_sheet(claim))
        return 0


@dataclass(frozen=True)
class LabRun(LabSettings):
    """Put claims to the test, and write their page.

    Claims are named by their slugs, by the path of a Python file of yours that defines CLAIM, or all at once by the
    tier's name.
    """

    claims: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[CLAIM ...]")] = ()
    """slugs, paths of claim files, or quick for the whole tier, as without any."""
    json: bool = False
    """print the results as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab lab run degradation",
        "resnetlab lab run bottleneck_cost size_tables --json",
        "resnetlab lab run examples/my_claim.py",
    )

    def __call__(self) -> int:
        from resnetlab.experiments.lab import run_lab

        return finish(run_lab(self.claims, **self.options()), self.json)


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
    again = result.results["claims"][0]["rerun"].partition(" --seed")[0]
    return (
        f"page:    {result.page}",
        f"numbers: {result.folder / 'results.json'}",
        f"next:    {again.replace(' lab run ', ' lab show ')}",
    )
