"""How often the lab's intervals contain the true mean, by simulation; writes `experiments/coverage.json`.

Paired differences whose true mean is zero are drawn, and the rules of `experiments/statistics.py` are applied
to them as to a claim. An interval of level 0.95 must contain zero 95 times in 100, and the part "effect > 0"
must not be supported more than 5 times in 100. Two levels are measured: 0.95, for a single part, and
1 - 0.05/60, at which each of 60 registered parts would be decided, near the level of a ledger with about 70; the
second with a quarter of the simulations. Both rules make one interval of the same values, so each number of values
is simulated once.

    python benchmarks/coverage.py --simulations 1500
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import stats

from resnetlab.experiments import statistics
from resnetlab.experiments.statistics import (
    Verdict,
    decide,
    initialisation_interval,
    level_for,
    trained_interval,
)

FIGURES = Path(statistics.__file__).with_name("coverage.json")
ASKED = 0.93  # what a nominal 0.95 has to reach, or the page says what it does reach
LEVELS = (level_for(1), level_for(60))
SIZES = {"trained": (5, 20), "initialisation": (100,)}
RULES = {"trained": trained_interval, "initialisation": initialisation_interval}

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


def identical_arms(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Differences of two arms of one distribution: they share a seed's luck, and have noise of their own."""
    luck = rng.normal(size=n)
    first, second = luck + rng.lognormal(size=n), luck + rng.lognormal(size=n)
    return first - second


DIFFERENCES: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed (exponential)": lambda rng, n: rng.exponential(size=n) - 1,
    "very skewed (lognormal)": lambda rng, n: rng.lognormal(size=n) - np.exp(0.5),
    "heavy-tailed (t, 3 degrees)": lambda rng, n: rng.standard_t(3, size=n),
    "identical arms": identical_arms,
}


@dataclass(frozen=True)
class Case:
    """One row: which rule, on which differences, how many of them, at which level."""

    rule: str
    differences: str
    n: int
    level: float


def cases() -> Iterator[Case]:
    """Every row of the table."""
    for level in LEVELS:
        for rule, sizes in SIZES.items():
            yield from (Case(rule, differences, n, level) for n in sizes for differences in DIFFERENCES)


def measure(case: Case, simulations: int, seed: int) -> dict[str, Any]:
    """The case and its counts: zero was inside the interval, below it (supported) or above it (reversed)."""
    draw, interval = DIFFERENCES[case.differences], RULES[case.rule]
    rng = np.random.default_rng((seed, case.n, list(DIFFERENCES).index(case.differences)))
    verdicts = Counter(decide(interval(draw(rng, case.n), case.level), 0.0) for _ in range(simulations))
    covered = verdicts[Verdict.INCONCLUSIVE]  # neither all above zero nor all below it
    error = stats.binomtest(covered, simulations).proportion_ci(0.95, method="wilson")
    return {
        **asdict(case),
        "simulations": simulations,
        "covered": covered,
        "supported": verdicts[Verdict.SUPPORTED],
        "reversed": verdicts[Verdict.REVERSED],
        "coverage": covered / simulations,
        "coverage_interval": [round(error.low, 4), round(error.high, 4)],
    }


def main() -> None:
    """Measure every case, print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1500, help="at level 0.95")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=FIGURES)
    arguments = parser.parse_args()
    print(f"{'rule':14} {'differences':28} {'n':>3} {'level':>7} {'covered':>8} {'95 % interval':>16} supported")
    rows = []
    for case in cases():
        simulations = arguments.simulations if case.level == LEVELS[0] else arguments.simulations // 4
        row = measure(case, simulations, arguments.seed)
        low, high = row["coverage_interval"]
        share = row["supported"] / simulations
        print(
            f"{case.rule:14} {case.differences:28} {case.n:3} {case.level:7.5f} {row['coverage']:8.4f}"
            f" {low:8.4f}-{high:.4f} {share:8.4f}",
            flush=True,
        )
        rows.append(row)
    figures = {
        "command": shlex.join(["python", *sys.argv]),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "resamples": statistics.RESAMPLES,
        "asked": ASKED,
        "rows": rows,
    }
    arguments.output.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
