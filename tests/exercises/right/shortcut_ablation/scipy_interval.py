"""By scipy's own paired test."""

from scipy.stats import ttest_rel


def ablate(run, baseline, others, seeds):
    base = [run(baseline, seed) for seed in seeds]
    found = {}
    for option in others:
        test = ttest_rel([run(option, seed) for seed in seeds], base)
        low, high = test.confidence_interval(confidence_level=1 - 0.05 / len(others))
        word = "undecided"
        if high < 0:
            word = "better"
        if low > 0:
            word = "worse"
        found[option] = [(low + high) / 2, low, high, word]
    return found
