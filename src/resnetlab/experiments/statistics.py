"""From measured effects to an interval, and from an interval to one of eight words.

Stated here, so that no claim has to decide it for itself:

- A part is decided at level 1 - 0.05/m, m being the parts registered in its tier (Bonferroni).
- Student's t-interval and the BCa bootstrap are both computed, and the wider decides at each end: the lower of
  both lows, the higher of both highs. Alone the bootstrap is too narrow, for it can only reweigh the values it
  has, few or heavy-tailed; and alone t is blind to skew.
- Two runs are the fewest for trained networks, and twenty draws for initialisations, which are cheaper.
- Where all values are equal the interval is that value: without spread neither method can say more.
- Where values differ by no more than rounding BCa is undefined: it is recorded as absent, and t decides.
- A value that is not finite is refused: what a diverged run counts for is settled where runs are measured.
- The bootstrap's seed is a constant, so the same values in the same order always give the same interval.

How often these intervals contain the true mean is measured by `benchmarks/coverage.py`, in `coverage.json`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from resnetlab.core.errors import ResnetlabError, UnknownNameError

RESAMPLES = 20_000  # eight of them lie in each tail at level 1 - 0.05/60
SEED = 2015
FEWEST_RUNS = 2  # one value has no spread
FEWEST_DRAWS = 20

Ends = tuple[float, float]


class Verdict(StrEnum):
    """The eight words. Whatever else there is to say stands in a claim's text."""

    SUPPORTED = "supported"
    SMALLER = "smaller than δ"
    REVERSED = "reversed"
    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    MIXED = "mixed"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not run"


AFFIRMED = frozenset({Verdict.SUPPORTED, Verdict.HOLDS})
DENIED = frozenset({Verdict.SMALLER, Verdict.REVERSED, Verdict.DOES_NOT_HOLD})


@dataclass(frozen=True)
class Interval:
    """Where the mean of an effect lies, and by which method.

    Args:
        low: the lower of the lows of `t` and `bootstrap`.
        high: the higher of their highs.
        mean: mean of the values.
        level: confidence level, between 0 and 1.
        n: number of values.
        method: "t and BCa, the wider at each end", "t" or "all values equal".
        t: ends of Student's t-interval, where it was computed.
        bootstrap: ends of the BCa bootstrap interval, where it was computed and is defined.
    """

    low: float
    high: float
    mean: float
    level: float
    n: int
    method: str
    t: Ends | None = None
    bootstrap: Ends | None = None


def level_for(parts: int, alpha: float = 0.05) -> float:
    """The level at which each of `parts` parts is decided: 1 - alpha/parts.

    All of them together then err with a probability of at most alpha (Bonferroni).

    Raises:
        ResnetlabError: there is no part.
    """
    if parts < 1:
        raise ResnetlabError(f"parts={parts}: a level needs at least one registered part")
    return 1 - alpha / parts


def trained_interval(values: ArrayLike, level: float) -> Interval:
    """The interval for the mean of a few trained runs: the wider of t and BCa bootstrap at each end.

    Args:
        values: (n,), one effect a seed, n >= 2.
        level: confidence level, between 0 and 1.

    Raises:
        ResnetlabError: too few values, one that is not finite, or an impossible level.
    """
    return _interval(_checked(values, level, FEWEST_RUNS), level)


def initialisation_interval(values: ArrayLike, level: float) -> Interval:
    """The interval for the mean of many initialisations: the wider of t and BCa bootstrap at each end.

    Args:
        values: (n,), one effect a draw, n >= 20.
        level: confidence level, between 0 and 1.

    Raises:
        ResnetlabError: too few values, one that is not finite, or an impossible level.
    """
    return _interval(_checked(values, level, FEWEST_DRAWS), level)


def decide(interval: Interval, delta: float) -> Verdict:
    """What an interval says of the part "effect > delta".

    Reversed is the stronger form of smaller; with delta = 0 they are the same, and the word is "reversed".
    An end that lies on delta exactly decides nothing.
    """
    if interval.low > delta:
        return Verdict.SUPPORTED
    if interval.high < delta:
        return Verdict.REVERSED if interval.high < -delta else Verdict.SMALLER
    return Verdict.INCONCLUSIVE


def default_verdict(parts: Mapping[str, Verdict], decides: Collection[str] = ()) -> Verdict:
    """The word for a claim whose file states no rule of its own: what all its deciding parts say.

    1. If one was not run, the claim was not run.
    2. Some affirmed and others denied: mixed.
    3. One is inconclusive and the others agree: inconclusive; a claim is no surer than its least sure part.
    4. All say the same word: that word.
    5. Otherwise the weakest word that covers them: supported for supported and holds; smaller than δ for any
       of smaller than δ, reversed and does not hold.

    Args:
        parts: verdict of each part, by its name.
        decides: names of the parts that the claim rests on; all of them if empty.

    Raises:
        UnknownNameError: `decides` names something that is not a part.
        ResnetlabError: there is no part.
    """
    for name in decides:
        if name not in parts:
            raise UnknownNameError("part", name, parts)
    words = {word for name, word in parts.items() if not decides or name in decides}
    if not words:
        raise ResnetlabError("a claim without parts has no verdict; give it at least one part")
    if Verdict.NOT_RUN in words:
        return Verdict.NOT_RUN
    if Verdict.MIXED in words or (words & AFFIRMED and words & DENIED):
        return Verdict.MIXED
    if Verdict.INCONCLUSIVE in words:
        return Verdict.INCONCLUSIVE
    if len(words) == 1:
        return words.pop()
    return Verdict.SUPPORTED if words <= AFFIRMED else Verdict.SMALLER


def _checked(values: ArrayLike, level: float, fewest: int) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size < fewest:
        raise ResnetlabError(f"values of shape {sample.shape}: an interval needs a list of {fewest} or more")
    if not np.isfinite(sample).all():
        at = int(np.flatnonzero(~np.isfinite(sample))[0])
        raise ResnetlabError(
            f"values[{at}] is {sample[at]}: an interval needs finite values\n"
            "give a run that diverged the loss of the untrained network, and mark it"
        )
    if not 0 < level < 1:
        raise ResnetlabError(f"level={level}: a confidence level lies between 0 and 1")
    return sample


def _interval(sample: NDArray[np.float64], level: float) -> Interval:
    if np.ptp(sample) == 0:
        value = float(sample[0])  # not the mean, which rounds: that of three times 0.1 is 0.10000000000000002
        return Interval(value, value, value, level, len(sample), "all values equal")
    t, bootstrap = _student(sample, level), _bootstrap(sample, level)
    method = "t and BCa, the wider at each end" if bootstrap else "t"
    lows, highs = zip(*(ends for ends in (t, bootstrap) if ends), strict=True)
    return Interval(min(lows), max(highs), float(sample.mean()), level, len(sample), method, t, bootstrap)


def _student(sample: NDArray[np.float64], level: float) -> Ends:
    half = stats.t.ppf((1 + level) / 2, len(sample) - 1) * stats.sem(sample)
    return float(sample.mean() - half), float(sample.mean() + half)


def _bootstrap(sample: NDArray[np.float64], level: float) -> Ends | None:
    """The BCa interval, or None where scipy finds it undefined: every mean without one value is the same."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            (sample,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="BCa", rng=SEED
        )
    low, high = map(float, result.confidence_interval)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None
