"""The row of this exercise: hints, and the mistakes that people make."""

from __future__ import annotations

from resnetlab.exercises.exercise import Exercise, Mistake

DIFFERENCES = "differences = errors[option] - errors[baseline]"
QUANTILE = "t = special.stdtrit(n - 1, 1 - 0.05 / len(others) / 2)"
HALF = "half = t * differences.std(ddof=1) / np.sqrt(n)"
WORD = 'word = "better" if mean + half < 0 else "worse" if mean - half > 0 else "undecided"'
RUNS = "np.array([run(option, seed) for seed in seeds]) for option in (baseline, *others)}"

EXERCISE = Exercise(
    name="shortcut_ablation",
    title="Ablation of shortcuts: run, read, decide",
    asks=("ablate",),
    hints=(
        "Two runs share a seed. What is left in their difference that is not luck, and how would you know?",
        "Take the differences seed by seed; s with ddof=1; the interval is mean ± t s / √n with n - 1 degrees of "
        "freedom.",
        "special.stdtrit(n - 1, 1 - 0.05 / len(others) / 2); better only where the whole interval is below 0.",
    ),
    mistakes=(
        Mistake(
            "not-paired",
            "the spread is that of two groups apart; runs of one seed belong together, so take differences seed "
            "by seed",
            ((HALF, "half = t * np.sqrt(errors[option].var(ddof=1) + errors[baseline].var(ddof=1)) / np.sqrt(n)"),),
        ),
        Mistake(
            "deviation-for-error-of-the-mean",
            "the interval does not narrow with more seeds: s is divided by the root of n",
            ((HALF, "half = t * differences.std(ddof=1)"),),
        ),
        Mistake(
            "divided-by-n",
            "s divides by n; with so few seeds it must be n - 1: ddof=1",
            ((HALF, "half = t * differences.std() / np.sqrt(n)"),),
        ),
        Mistake(
            "normal-for-student",
            "the quantile is the normal distribution's: with few seeds Student's t is much wider",
            ((QUANTILE, "t = special.ndtri(1 - 0.05 / len(others) / 2)"),),
        ),
        Mistake(
            "two-standard-errors",
            "1.96 standard errors are for many seeds and a single comparison: with few seeds Student's t is wider, "
            "and the 5 % are shared by all comparisons",
            ((QUANTILE, "t = 1.96"),),
        ),
        Mistake(
            "degrees-of-freedom",
            "there are n - 1 degrees of freedom, not n: the mean was taken from the same numbers",
            ((QUANTILE, "t = special.stdtrit(n, 1 - 0.05 / len(others) / 2)"),),
        ),
        Mistake(
            "one-sided",
            "the quantile is that of one side; what may be better or worse has 2.5 % on either",
            ((QUANTILE, "t = special.stdtrit(n - 1, 1 - 0.05 / len(others))"),),
        ),
        Mistake(
            "comparisons-not-counted",
            "each interval is at 95 % whatever number of options is compared: share the 5 % among them",
            ((QUANTILE, "t = special.stdtrit(n - 1, 0.975)"),),
        ),
        Mistake(
            "means-decide",
            "the mean alone decides; where the interval holds 0, the runs do not say: undecided",
            ((WORD, 'word = "better" if mean < 0 else "worse" if mean > 0 else "undecided"'),),
        ),
        Mistake(
            "error-for-accuracy",
            "better and worse are exchanged: these are errors, and fewer are better",
            ((WORD, 'word = "worse" if mean + half < 0 else "better" if mean - half > 0 else "undecided"'),),
        ),
        Mistake(
            "sign-turned",
            "the differences are the baseline's less the option's; the other way round is asked",
            (
                (DIFFERENCES, "differences = errors[baseline] - errors[option]"),
                (WORD, 'word = "worse" if mean + half < 0 else "better" if mean - half > 0 else "undecided"'),
            ),
        ),
        Mistake(
            "one-seed-only",
            "one seed is run again and again: its spread says nothing",
            (("run(option, seed) for seed in seeds", "run(option, seeds[0]) for seed in seeds"),),
        ),
        Mistake(
            "best-seed",
            "each option's best run is compared: the more often one tries, the better the best looks",
            (
                (
                    "        mean = differences.mean()\n",
                    "        mean = errors[option].min() - errors[baseline].min()\n",
                ),
            ),
        ),
        Mistake(
            "run-again-and-again",
            "the baseline was trained anew for every option: run nothing twice",
            ((DIFFERENCES, "differences = errors[option] - np.array([run(baseline, seed) for seed in seeds])"),),
        ),
    ),
)
