"""The laboratory on a terminal: claims, one claim, results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from resnetlab.core.terminal import plain_table
from resnetlab.pages.report import sentence

if TYPE_CHECKING:
    from resnetlab.experiments.costs import Cost

STYLES = {
    "supported": "bold green",
    "holds": "bold green",
    "reversed": "bold red",
    "does not hold": "bold red",
    "smaller than δ": "yellow",
    "mixed": "yellow",
    "inconclusive": "cyan",
    "not run": "dim",
}


def claims_table(claims: list[dict[str, Any]], tier: str, cost: Cost) -> RenderableType:
    """Slug, claim, kind, number of parts, cost and source of every claim.

    Args:
        claims: as `list_claims` gives them.
        tier: which.
        cost: of all together.
    """
    columns = ("claim", "it says", "kind", "parts", "core s", "source")
    table = plain_table(*columns, whole=("claim",), numbers=("parts", "core s"))
    for claim in claims:
        kind, parts = ", ".join(claim["kind"]), str(len(claim["parts"]))
        seconds = "–" if claim["core_seconds"] is None else f"{claim['core_seconds']:,.0f}"
        table.add_row(Text(claim["slug"], "bold"), claim["title"], kind, parts, seconds, claim["source"])
    flag = "" if tier == "quick" else f" --tier {tier}"
    lines = [f"{len(claims)} claims; one in full: resnetlab lab show {claims[0]['slug']}{flag}"]
    if cost.total:
        least = (
            f"at least, for {len(cost.unknown)} were never measured" if cost.unknown else "shared networks count once"
        )
        lines.append(f"all together about {cost.total / 60:,.0f} minutes of one core: {least}")
    return Group(table, Text("\n".join(lines), "dim"))


def claim_sheet(claim: dict[str, Any]) -> RenderableType:
    """One claim, as its page shows it before it has been run."""
    lines: list[RenderableType] = [
        Text(claim["title"], "bold"),
        Text(f"{claim['slug']} · {', '.join(claim['kind'])} · {claim['source']}", "dim"),
    ]
    headings = {"meaning": "What is claimed", "protocol": "Protocol", "confound": "What this does not show"}
    for key, heading in headings.items():
        lines += [Text(f"\n{heading}", "bold"), Padding(sentence(claim["text"][key]), (0, 0, 0, 2))]
    lines.append(Text("\nWhat decides", "bold"))
    for part in claim["parts"]:
        rule = "exact" if part["exact"] else f"effect > {part['delta']:g} {part['unit']}".strip()
        lines.append(Padding(Text(f"{part['name']}  ({rule})"), (0, 0, 0, 2)))
    arms = ", ".join(f"{arm['name']} × {arm['seeds']}" for arm in claim["arms"])
    cost = claim["core_seconds"]
    lines += [Text("\nArms and seeds", "bold"), Padding(arms, (0, 0, 0, 2))]
    if cost is not None:
        lines.append(Text(f"\nabout {cost:,.0f} seconds of one core, with all networks that it needs", "dim"))
    return Group(*lines, Text(f"\n{claim['rerun']}"))


def tiers_table(rows: list[dict[str, Any]]) -> RenderableType:
    """Every claim's verdict in each tier, and whether it survives.

    Args:
        rows: as `compare_tiers` gives them.
    """
    tiers = list(dict.fromkeys(tier for row in rows for tier in row["verdicts"]))
    table = plain_table("claim", *tiers, "verdict", whole=("claim", *tiers))
    for row in rows:
        words = [row["verdicts"].get(tier, "–") for tier in tiers]
        shown = [Text(word, STYLES.get(word, "dim")) for word in words]
        table.add_row(Text(row["slug"], "bold"), *shown, row["outcome"])
    return table


def results_table(results: dict[str, Any]) -> RenderableType:
    """Every claim's verdict, with what was found."""
    table = plain_table("claim", "verdict", "what was found", whole=("claim", "verdict"))
    for claim in results["claims"]:
        verdict = claim["verdict"]
        told = claim["finding"] or (claim["parts"][0]["reason"] if verdict == "not run" else claim["title"])
        table.add_row(Text(claim["slug"], "bold"), Text(verdict, STYLES[verdict]), told)
    score = ", ".join(f"{count} {verdict}" for verdict, count in results["score"].items())
    return Group(table, Text(f"{score} · {results['seconds']:g} s", "dim"))
