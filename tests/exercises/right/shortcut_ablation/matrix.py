"""All options in one matrix."""

import numpy as np
import scipy.stats


def ablate(run, baseline, others, seeds):
    errors = np.array([[run(option, seed) for seed in seeds] for option in (baseline, *others)])
    difference = errors[1:] - errors[0]
    alpha = 0.05 / difference.shape[0]
    lower, upper = scipy.stats.t.interval(
        1 - alpha, df=len(seeds) - 1, loc=difference.mean(axis=1), scale=scipy.stats.sem(difference, axis=1)
    )
    words = np.select([upper < 0, lower > 0], ["better", "worse"], "undecided")
    rows = zip(difference.mean(axis=1).tolist(), lower.tolist(), upper.tolist(), words.tolist(), strict=False)
    return dict(zip(others, rows, strict=False))
