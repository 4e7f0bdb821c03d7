"""An ablation of shortcuts: run, read, decide.

Which shortcut is better where the shape changes: zeros for the new channels (A), or a projection (B, C)? A table with
one number each will not tell. Train twice with another seed and the numbers change; if they change by as much as the
options differ, nothing was found. So each option is run with the same seeds, the differences are taken seed by seed,
for runs of one seed share their data order and their start, and an interval is put round their mean.

Here n differences d have the mean m, and the interval m ± t · s / √n: s is their standard deviation with n − 1, t the
quantile of Student's distribution with n − 1 degrees of freedom. Where k options are compared, each of the k
intervals is taken at level 1 − 0.05 / k (Bonferroni), or the more one compares the more one finds. An interval that
holds 0 says "undecided", which is an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import special


def ablate(
    run: Callable[[str, int], float], baseline: str, others: Sequence[str], seeds: Sequence[int]
) -> dict[str, tuple[float, float, float, str]]:
    """Compare each of the other options with the baseline.

    Args:
        run: trains a network with this option and this seed, and gives its test error in points. It is expensive: run
            nothing twice.
        baseline: what the others are compared with.
        others: options.
        seeds: two or more.

    Returns:
        for each other option the mean of its error less the baseline's, the ends of the interval, lower first, and
        "better", "worse" or "undecided": than the baseline, as far as the interval says.
    """
    # --- fill in ---
    errors = {option: np.array([run(option, seed) for seed in seeds]) for option in (baseline, *others)}
    n = len(seeds)
    t = special.stdtrit(n - 1, 1 - 0.05 / len(others) / 2)
    result = {}
    for option in others:
        differences = errors[option] - errors[baseline]
        mean = differences.mean()
        half = t * differences.std(ddof=1) / np.sqrt(n)
        word = "better" if mean + half < 0 else "worse" if mean - half > 0 else "undecided"
        result[option] = (float(mean), float(mean - half), float(mean + half), word)
    return result
    # --- until here ---
