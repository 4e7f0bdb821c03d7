"""Sums by hand."""

import math
import statistics

from scipy.special import stdtrit


def interval(differences, level):
    n = len(differences)
    mean = sum(differences) / n
    error = statistics.stdev(differences) / math.sqrt(n)
    quantile = stdtrit(n - 1, (1 + level) / 2)
    return mean, mean - quantile * error, mean + quantile * error


def ablate(run, baseline, others, seeds):
    table = {}
    for seed in seeds:
        for option in [baseline, *others]:
            table[option, seed] = run(option, seed)
    answers = {}
    for option in others:
        mean, low, high = interval([table[option, s] - table[baseline, s] for s in seeds], 1 - 0.05 / len(others))
        sign = int(low > 0) - int(high < 0)
        answers[option] = (mean, low, high, {1: "worse", 0: "undecided", -1: "better"}[sign])
    return answers
