"""What is looked at: mean, interval and word for each option, and how often each run was asked for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from resnetlab.exercises.course.shortcut_ablation.measured import MEASURED
from resnetlab.exercises.observation import Case, Check, Observation

SPACE = {
    "errors": ("measured", "drawn"),
    "others": (("B",), ("B", "C"), ("B", "C", "plain")),
    "seeds": (3, 4, 5, 8, 2),
    "effect": (0.0, 1.0, -1.0, 3.0, -3.0),
}
OPTIONS = ("A", "B", "C", "plain")


def errors_of(case: Case) -> dict[tuple[str, int], float]:
    """Test errors in points: those of the laboratory, or drawn with a share that belongs to the seed."""
    chance = random.Random(case["seed"])
    seeds = chance.sample(range(8), case["seeds"])
    if case["errors"] == "measured":
        return {(option, seed): MEASURED[option][seed] for option in OPTIONS for seed in seeds}
    luck = {seed: chance.gauss(10, 2) for seed in seeds}
    better = {option: case["effect"] * number for number, option in enumerate(OPTIONS)}
    return {(option, seed): luck[seed] + better[option] + chance.gauss(0, 0.7) for option in OPTIONS for seed in seeds}


def probe(answer: Any, case: Case, observation: Observation) -> None:
    errors, asked = errors_of(case), Counter[tuple[str, int]]()

    def run(option: str, seed: int) -> float:
        asked[option, int(seed)] += 1
        return errors[option, int(seed)]

    seeds = list(dict.fromkeys(seed for _, seed in errors))
    found = answer.ablate(run, "A", case["others"], seeds)
    observation.output("runs", sorted([option, seed, times] for (option, seed), times in asked.items()))
    if not isinstance(found, dict):
        observation.stop("what was given back", found, "a dict")
    observation.output("options", sorted(str(option) for option in found))
    for option in case["others"]:
        row = found.get(option)
        if not isinstance(row, tuple | list) or len(row) != 4:
            observation.stop(f"the row of {option}", row, "a tuple of four")
        for name, value in zip(("mean", "lower end", "upper end"), row[:3], strict=True):
            observation.output(f"{option} less A, {name}", float(value))
        observation.output(f"the word for {option}", str(row[3]))


def library() -> SimpleNamespace:
    """As `scipy.stats.ttest_rel` does, which takes a second to import, in both processes; a test compares them."""

    def ablate(
        run: Callable[[str, int], float], baseline: str, others: Sequence[str], seeds: Sequence[int]
    ) -> dict[str, tuple[float, float, float, str]]:
        base, rows = np.array([run(baseline, seed) for seed in seeds]), {}
        t = -special.stdtrit(len(seeds) - 1, 0.025 / len(others))
        for option in others:
            apart = np.array([run(option, seed) for seed in seeds]) - base
            half = t * np.sqrt(np.var(apart) / (len(seeds) - 1))
            low, high = float(apart.mean() - half), float(apart.mean() + half)
            rows[option] = ((low + high) / 2, low, high, "better" if high < 0 else "worse" if low > 0 else "undecided")
        return rows

    return SimpleNamespace(ablate=ablate)


def possible(case: Case) -> bool:
    """Differences that are all the same leave no interval; among so few images that happens."""
    errors = errors_of(case)
    seeds = [seed for option, seed in errors if option == "A"]
    differences = ({round(errors[option, seed] - errors["A", seed], 6) for seed in seeds} for option in case["others"])
    return all(len(values) > 1 for values in differences)


def told(case: Case) -> str:
    drawn = f"errors drawn at random, {case['effect']} points from option to option"
    kind = "errors of the laboratory" if case["errors"] == "measured" else drawn
    return f"{kind}, {', '.join(case['others'])} against A, {case['seeds']} seeds"


CHECK = Check(SPACE, probe, library, trials=20, possible=possible, told=told)
