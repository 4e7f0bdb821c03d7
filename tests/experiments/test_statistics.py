"""The rules by which measured effects become verdicts, against scipy and against simulation."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.experiments import statistics
from resnetlab.experiments.statistics import (
    Interval,
    Verdict,
    decide,
    default_verdict,
    initialisation_interval,
    level_for,
    trained_interval,
)

BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "coverage.py"))
MEASURED = json.loads(BENCHMARK["FIGURES"].read_text(encoding="utf-8"))
STRICT = level_for(60)

FIVE = [0.31, 0.12, 0.55, 0.27, 0.40]
TWENTY = list(np.random.default_rng(7).exponential(size=20))
ONE_FAR_OUT = [*np.linspace(0, 1, 19), 9.0]
HUNDRED = list(np.random.default_rng(8).standard_t(3, size=100))


def between(low: float, high: float) -> Interval:
    return Interval(low, high, (low + high) / 2, 0.95, 5, "t")


def wording(*words: Verdict) -> dict[str, Verdict]:
    return {f"part {number}": word for number, word in enumerate(words)}


def test_there_are_exactly_eight_verdicts() -> None:
    assert {str(word) for word in Verdict} == {
        "supported",
        "smaller than δ",
        "reversed",
        "holds",
        "does not hold",
        "mixed",
        "inconclusive",
        "not run",
    }


@pytest.mark.parametrize(("parts", "level"), [(1, 0.95), (5, 0.99), (50, 0.999)])
def test_the_level_leaves_each_part_its_share_of_the_error(parts: int, level: float) -> None:
    assert level_for(parts) == pytest.approx(level, abs=1e-15)


def test_a_level_for_no_part_is_refused() -> None:
    with pytest.raises(ResnetlabError, match="parts=0"):
        level_for(0)


@pytest.mark.parametrize("level", [0.95, STRICT])
@pytest.mark.parametrize("values", [FIVE, TWENTY, [0.0, 1.0]])
def test_the_t_interval_is_the_one_of_scipys_t_test(values: list[float], level: float) -> None:
    expected = stats.ttest_1samp(values, 0).confidence_interval(level)
    assert trained_interval(values, level).t == pytest.approx((expected.low, expected.high), rel=1e-9)


@pytest.mark.parametrize("level", [0.95, STRICT])
@pytest.mark.parametrize("values", [TWENTY, HUNDRED])
def test_the_bootstrap_is_scipys_bca_up_to_its_resampling_error(values: list[float], level: float) -> None:
    interval = initialisation_interval(values, level)
    others = [
        stats.bootstrap((values,), np.mean, confidence_level=level, n_resamples=20_000, rng=seed)
        for seed in (101, 102, 103)
    ]
    low, high = np.mean([other.confidence_interval for other in others], axis=0)
    tolerance = 0.15 * (high - low)  # three standard errors of an end at the strict level
    assert interval.bootstrap == pytest.approx((low, high), abs=tolerance)


def test_the_bootstrap_follows_the_skew_of_the_sample() -> None:
    low, high = initialisation_interval(TWENTY, 0.95).bootstrap
    assert high - np.mean(TWENTY) > 1.2 * (np.mean(TWENTY) - low)


def test_the_same_values_give_the_same_interval_whatever_was_drawn_before() -> None:
    first = initialisation_interval(TWENTY, STRICT)
    np.random.default_rng().normal(size=10)
    np.random.seed(1)  # noqa: NPY002  # the state that a careless bootstrap would read
    assert initialisation_interval(TWENTY, STRICT) == first


@pytest.mark.parametrize("level", [0.95, STRICT])
@pytest.mark.parametrize("values", [TWENTY, ONE_FAR_OUT, HUNDRED])
@pytest.mark.parametrize("rule", [trained_interval, initialisation_interval])
def test_of_t_and_bootstrap_the_wider_decides_at_each_end(rule, values: list[float], level: float) -> None:
    interval = rule(values, level)
    assert interval.low == min(interval.t[0], interval.bootstrap[0])
    assert interval.high == max(interval.t[1], interval.bootstrap[1])
    assert interval.method == "t and BCa, the wider at each end"


def test_a_skewed_sample_takes_one_end_from_each_method() -> None:
    interval = initialisation_interval(TWENTY, 0.95)
    assert (interval.low, interval.high) == (interval.t[0], interval.bootstrap[1])


@pytest.mark.parametrize("rule", [trained_interval, initialisation_interval])
def test_equal_values_give_that_value_as_the_interval(rule) -> None:
    interval = rule([0.1] * 20, STRICT)
    assert (interval.low, interval.mean, interval.high, interval.method) == (
        0.1,
        0.1,
        0.1,
        "all values equal",
    )


@pytest.mark.parametrize("rule", [trained_interval, initialisation_interval])
def test_where_values_differ_by_rounding_only_t_decides(rule) -> None:
    interval = rule([1.0] * 19 + [1.0 + 2.0**-52], 0.95)
    assert (interval.method, interval.bootstrap) == ("t", None)
    assert interval.low <= 1.0 <= interval.high


@pytest.mark.parametrize(
    ("rule", "values", "level", "message"),
    [
        (trained_interval, [0.3], 0.95, "2 or more"),
        (trained_interval, [[0.3, 0.1]], 0.95, "shape"),
        (initialisation_interval, FIVE, 0.95, "20 or more"),
        (trained_interval, [0.1, float("nan"), 0.2], 0.95, r"values\[1\] is nan"),
        (trained_interval, [0.1, 0.2, float("-inf")], 0.95, r"values\[2\] is -inf"),
        (trained_interval, FIVE, 95, "level=95"),
    ],
)
def test_values_without_an_interval_are_refused_by_name(rule, values, level: float, message: str) -> None:
    with pytest.raises(ResnetlabError, match=message) as refusal:
        rule(values, level)
    assert len(str(refusal.value).splitlines()) <= 3


@pytest.mark.parametrize(
    ("low", "high", "delta", "verdict"),
    [
        (0.11, 0.30, 0.1, Verdict.SUPPORTED),
        (0.10, 0.30, 0.1, Verdict.INCONCLUSIVE),  # an end on δ decides nothing
        (-0.2, 0.10, 0.1, Verdict.INCONCLUSIVE),
        (-0.5, 0.50, 0.1, Verdict.INCONCLUSIVE),
        (0.02, 0.09, 0.1, Verdict.SMALLER),
        (-0.3, -0.1, 0.1, Verdict.SMALLER),
        (-0.3, -0.11, 0.1, Verdict.REVERSED),
        (-0.3, -0.01, 0.0, Verdict.REVERSED),  # below zero is the reverse of above zero
        (0.01, 0.30, 0.0, Verdict.SUPPORTED),
        (-0.5, 0.05, -0.1, Verdict.INCONCLUSIVE),  # "not worse by more than 0.1" stays open
        (-0.3, -0.2, -0.1, Verdict.REVERSED),
        (0.0, 0.0, 0.0, Verdict.INCONCLUSIVE),
    ],
)
def test_an_interval_decides_a_part(low: float, high: float, delta: float, verdict: Verdict) -> None:
    assert decide(between(low, high), delta) is verdict


@given(
    values=st.lists(st.floats(-10, 10).map(lambda value: round(value, 3)), min_size=5, max_size=25),
    delta=st.floats(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_swapped_arms_give_the_reversed_effect(values: list[float], delta: float) -> None:
    there, back = trained_interval(values, 0.95), trained_interval([-value for value in values], 0.95)
    assert (back.low, back.mean, back.high) == pytest.approx((-there.high, -there.mean, -there.low), abs=1e-9)
    mirrored = between(-there.high, -there.low)
    assert (decide(there, delta) is Verdict.SUPPORTED) == (decide(mirrored, delta) is Verdict.REVERSED)
    assert (decide(there, delta) is Verdict.REVERSED) == (decide(mirrored, delta) is Verdict.SUPPORTED)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ([Verdict.HOLDS, Verdict.HOLDS], Verdict.HOLDS),
        ([Verdict.DOES_NOT_HOLD], Verdict.DOES_NOT_HOLD),
        ([Verdict.SUPPORTED, Verdict.SUPPORTED], Verdict.SUPPORTED),
        ([Verdict.REVERSED, Verdict.REVERSED], Verdict.REVERSED),
        ([Verdict.HOLDS, Verdict.SUPPORTED], Verdict.SUPPORTED),
        ([Verdict.SMALLER, Verdict.REVERSED], Verdict.SMALLER),
        ([Verdict.DOES_NOT_HOLD, Verdict.REVERSED], Verdict.SMALLER),
        ([Verdict.HOLDS, Verdict.DOES_NOT_HOLD], Verdict.MIXED),
        ([Verdict.SUPPORTED, Verdict.SMALLER, Verdict.INCONCLUSIVE], Verdict.MIXED),
        ([Verdict.SUPPORTED, Verdict.MIXED], Verdict.MIXED),
        ([Verdict.SUPPORTED, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.DOES_NOT_HOLD, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.HOLDS, Verdict.SMALLER, Verdict.NOT_RUN], Verdict.NOT_RUN),
    ],
)
def test_a_claim_says_what_all_its_parts_say(words: list[Verdict], verdict: Verdict) -> None:
    assert default_verdict(wording(*words)) is verdict
    assert default_verdict(wording(*reversed(words))) is verdict


def test_parts_that_do_not_decide_have_no_say() -> None:
    parts = {"main": Verdict.SUPPORTED, "aside": Verdict.REVERSED, "later": Verdict.NOT_RUN}
    assert default_verdict(parts, decides=["main"]) is Verdict.SUPPORTED


def test_a_deciding_part_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean main"):
        default_verdict({"main": Verdict.SUPPORTED}, decides=["mian"])


def test_a_claim_without_parts_has_no_verdict() -> None:
    with pytest.raises(ResnetlabError, match="at least one part"):
        default_verdict({})


def measured_again(row: dict, simulations: int) -> dict:
    case = BENCHMARK["Case"](row["rule"], row["differences"], row["n"], row["level"])
    return BENCHMARK["measure"](case, simulations, seed=1)  # other draws than the committed ones


def name(row: dict) -> str:
    return f"{row['rule']}, {row['differences']}, n={row['n']}, {row['level']:.4f}"


AT_95 = [row for row in MEASURED["rows"] if row["level"] == 0.95]


def test_the_committed_coverage_is_of_todays_cases_and_resamples() -> None:
    measured = [tuple(row[field] for field in ("rule", "differences", "n", "level")) for row in MEASURED["rows"]]
    wanted = [(case.rule, case.differences, case.n, case.level) for case in BENCHMARK["cases"]()]
    assert measured == wanted
    assert MEASURED["resamples"] == statistics.RESAMPLES


@pytest.mark.parametrize("row", [row for row in AT_95 if row["differences"] == "normal"], ids=name)
def test_every_rule_covers_93_percent_of_normal_differences(row: dict) -> None:
    assert row["coverage_interval"][1] >= MEASURED["asked"]


@pytest.mark.parametrize("differences", ["normal", "heavy-tailed (t, 3 degrees)", "identical arms"])
def test_five_seeds_cover_93_percent_of_symmetric_differences(differences: str) -> None:
    (row,) = (row for row in AT_95 if row["n"] == 5 and row["differences"] == differences)
    assert row["coverage"] >= MEASURED["asked"]


@pytest.mark.parametrize("row", [row for row in MEASURED["rows"] if row["differences"] == "identical arms"], ids=name)
def test_identical_arms_are_not_supported_more_often_than_the_level(row: dict) -> None:
    test = stats.binomtest(row["supported"], row["simulations"], 1 - row["level"], alternative="greater")
    assert test.pvalue > 1e-3


def agree(row: dict, again: dict) -> bool:
    """Both counts could come from one coverage (Fisher's exact test), at one in a thousand."""
    table = [[counts["covered"], counts["simulations"] - counts["covered"]] for counts in (row, again)]
    return stats.fisher_exact(table).pvalue > 1e-3


@pytest.mark.parametrize("row", AT_95, ids=name)
def test_the_committed_coverage_is_measured_again(row: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "RESAMPLES", 2000)  # enough for 0.95, and ten times faster
    assert agree(row, measured_again(row, simulations=100))


@pytest.mark.full
@pytest.mark.parametrize("row", MEASURED["rows"], ids=name)
def test_the_committed_coverage_is_measured_again_in_full(row: dict) -> None:
    assert agree(row, measured_again(row, simulations=row["simulations"]))
