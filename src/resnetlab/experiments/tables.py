"""The laboratory on a terminal: claims, one claim, results."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from resnetlab.core.terminal import plain_table
from resnetlab.pages.report import sentence

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


def claims_table(claims: list[dict[str, Any]]) -> RenderableType:
    """Slug, claim, kind, number of parts and source of every claim."""
    table = plain_table("claim", "it says", "kind", "parts", "source", whole=("claim",), numbers=("parts",))
    for claim in claims:
        kind, parts = ", ".join(claim["kind"]), str(len(claim["parts"]))
        table.add_row(Text(claim["slug"], "bold"), claim["title"], kind, parts, claim["source"])
    return Group(table, Text(f"{len(claims)} claims; one in full: resnetlab lab show {claims[0]['slug']}", "dim"))


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
    return Group(*lines, Text("\nArms and seeds", "bold"), Padding(arms, (0, 0, 0, 2)), Text(f"\n{claim['rerun']}"))


def results_table(results: dict[str, Any]) -> RenderableType:
    """Every claim's verdict, with what was found."""
    table = plain_table("claim", "verdict", "what was found", whole=("claim", "verdict"))
    for claim in results["claims"]:
        verdict = claim["verdict"]
        told = claim["finding"] or (claim["parts"][0]["reason"] if verdict == "not run" else claim["title"])
        table.add_row(Text(claim["slug"], "bold"), Text(verdict, STYLES[verdict]), told)
    score = ", ".join(f"{count} {verdict}" for verdict, count in results["score"].items())
    return Group(table, Text(f"{score} · {results['seconds']:g} s", "dim"))
