"""Claims whose numbers are planted, one for each of the eight verdicts: the page's cases, through the real runner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FILE = '''"""{title}.

The meaning of the claim in its source, with a < b & "quotes" and {markup}; compare `{other}`.

Protocol: numbers are planted and handed to the runner, which does with them what it does with measured ones.

What this does not show: anything about networks.
"""

from resnetlab.experiments.base import Arm, Claim, Contrast, Exact, Kind, Outcome, Part
from resnetlab.experiments.runner import SEED_STRIDE
from resnetlab.experiments.tiers import Tier
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import HE_2015, VEIT_2016, Source

VALUES, DIVERGED = {values!r}, {diverged!r}
ARMS = (Arm("with", seeds=len(VALUES)), Arm("without", seeds=len(VALUES)))


def measure(run):
    {trouble}
    value = VALUES[run.seed % SEED_STRIDE] if run.arm.name == "with" else 0.0
    return {{"value": value, "diverged": value == DIVERGED}}


def part(name, above, **fields):
    return Part(name, Contrast("value", plus=("with",), minus=("without",)), above, unit="points", **fields)


def exact(name, holds):
    return Exact(name, lambda results: Outcome(holds, 1234567, "1,234,567" if holds else "1.2 {markup}"))


CLAIM = Claim(
    slug="{slug}",
    doc=__doc__,
    source={source},
    kinds={kinds},
    arms=ARMS,
    measure=measure,
    parts=({parts},),
    figure=lambda results: strips({{arm.name: results.values(arm.name, "value") for arm in ARMS}}, y="value (points)"),
    finding=lambda results: "It came out at {{:.2f}} points {markup}.".format(results.values("with", "value").mean()),
)
'''
HE, VEIT, TUTORIAL = 'Source(HE_2015, "Table 1")', 'Source(VEIT_2016, "Figure 3")', '"A tutorial, part 2 {markup}"'
MARKUP = "<script>alert(1)</script>"


@dataclass(frozen=True)
class Planted:
    """A claim with its numbers."""

    verdict: str
    values: tuple[float, ...] = (1.0, 1.01, 1.02, 0.99, 1.005)
    parts: str = 'part("the effect is more than half a point", 0.5)'
    source: str = HE
    kinds: str = "(Kind.POOL,)"
    trouble: str = "pass"
    diverged: float | None = None  # runs of this value say that they did

    @property
    def slug(self) -> str:
        """As the verdict, so that a test finds it."""
        return f"planted_{self.verdict.replace(' ', '_').replace('δ', 'delta')}"

    def write(self, folder: Path) -> Path:
        """The claim as a file."""
        fields = {"title": f"Planted numbers come out as “{self.verdict}” {MARKUP}", "other": "planted_holds"}
        fields |= {"slug": self.slug, "markup": MARKUP, "values": self.values}
        fields |= {"diverged": self.diverged}
        fields |= {"source": self.source.format(markup=MARKUP)}
        fields |= {"kinds": self.kinds, "parts": self.parts.format(markup=MARKUP), "trouble": self.trouble}
        file = folder / f"{self.slug}.py"
        file.write_text(FILE.format(**fields), encoding="utf-8")
        return file


ALL = (
    Planted("supported", source=VEIT),
    Planted(
        "holds",
        parts='exact("one million and more", True), part("more at a larger scale", 1.0, tiers=(Tier.STANDARD,))',
        kinds="(Kind.EXACT, Kind.TRAINS)",
    ),
    Planted("mixed", parts='part("the effect is more than half a point", 0.5), exact("it is 1.2 {markup}", False)'),
    Planted("inconclusive", values=(0.2, 1.3, 0.4, 1.6, -0.1), kinds="(Kind.TRAINS,)", source=TUTORIAL),
    Planted("smaller than δ", values=(0.00001, 0.00002, 0.00003, -0.00001, 0.0), kinds="(Kind.INITIALISATION,)"),
    Planted("reversed", values=(-2.0, -2.1, -2.2, -1.9, -2.05), source=VEIT, diverged=-2.2),
    Planted("does not hold", parts='exact("it is 1.2 {markup}", False)', kinds="(Kind.EXACT,)", source=TUTORIAL),
    Planted("not run", trouble=f'raise RuntimeError("the disk is full {MARKUP}")'),
)
