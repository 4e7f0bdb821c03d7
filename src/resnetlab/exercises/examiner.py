"""Judges what was seen of an answer: right, a known mistake, or wrong in a place.

It runs in a process that no learner's code enters, and is the only one that knows solutions and mistakes.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from resnetlab.exercises.comparison import Difference, first_difference, is_well_formed
from resnetlab.exercises.course import check_of
from resnetlab.exercises.observation import Case, Check, observe
from resnetlab.exercises.recognition import frozen, recognise
from resnetlab.exercises.unfinished import what_ended

SIMPLER_ROUNDS = 8  # in which a failing case is made simpler
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What is to be told of an answer.

    Args:
        passed: it computes the right thing.
        mistake: slug of a known mistake or a fault; None where nobody foresaw it.
        where: output, gradient, buffers, mode; or the file, the run.
        message: for the learner.
    """

    passed: bool
    mistake: str | None = None
    where: str | None = None
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def draw_cases(name: str, check: Check, seed: int, trials: int) -> list[Case]:
    """The simplest case that is possible, and random ones; the same for the same seed."""
    cases: list[Case] = []
    for trial in range(trials):
        chance = random.Random(f"{seed} {name} {trial}")
        fixed = check.always[trial] if trial < len(check.always) else {}
        for _ in range(1000):
            case = {key: chance.choice(values) for key, values in check.space.items()} | dict(fixed)
            case["seed"] = chance.randrange(1_000_000)
            if check.possible(case):
                cases.append(case)
                break
        else:
            raise AssertionError(f"{name}: no possible case was drawn in 1000")
    return sorted(cases, key=lambda case: _size(check, case))


def examine(name: str, seed: int, trials: int | None = None) -> Generator[list[Case], Report, Verdict]:
    """Asks for runs of the answer on cases, by yielding them, until it can judge.

    Args:
        name: of the exercise.
        seed: of the cases.
        trials: cases drawn; the check's own number where None.
    """
    check = check_of(name)
    cases = draw_cases(name, check, seed, trials or check.trials)
    report = yield cases
    fault = what_ended(report, [check.told(case) for case in cases], check.seconds)
    if fault:
        return Verdict(False, *fault)
    failing = _failing(name, check, cases, report)
    if not failing:
        return Verdict(True, message="computes what the library computes")
    case, difference = failing[0]
    if check.of_questions:
        at = cases.index(case)
        cases, report = [case], {"seen": report["seen"][at : at + 1]}
    made = recognise(name, cases, report["seen"])
    if made:
        messages = "\nand a second mistake: ".join(mistake.message for mistake in made)
        evidence = _evidence(check, case, difference, "for example on")
        return Verdict(False, made[0].slug, difference.where, f"{messages}\n{evidence}")
    for _ in range(SIMPLER_ROUNDS):
        simpler = list(_simpler(check, case))
        if not simpler:
            break
        failing = _failing(name, check, simpler, (yield simpler))
        if not failing:
            break
        case, difference = failing[0]
    where = "computation" if difference.kind == "raises" else difference.where
    evidence = _evidence(check, case, difference, "the simplest input found that shows it:")
    return Verdict(False, difference.kind, difference.where, f"wrong in the {where}\n{evidence}")


def prepare(name: str, seed: int, trials: int | None = None) -> None:
    """Compute what the library gives on the first cases, while the answer runs."""
    check = check_of(name)
    for case in draw_cases(name, check, seed, trials or check.trials):
        _of_library(name, frozen(case))


def _failing(name: str, check: Check, cases: list[Case], report: Report) -> list[tuple[Case, Difference]]:
    """The cases in which the answer differs, the simplest first."""
    found = []
    for case, seen in zip(cases, report["seen"], strict=False):
        if not is_well_formed(seen):
            difference: Difference | None = Difference("run", "what the run reported has no meaning", "forged")
        else:
            difference = first_difference(_of_library(name, frozen(case)), seen, check.tolerance)
        if difference:
            found.append((case, difference))
    return sorted(found, key=lambda failure: _size(check, failure[0]))


def _simpler(check: Check, case: Case) -> Iterator[Case]:
    """Possible cases that differ in one parameter, which is simpler; the simplest first."""
    found = []
    for key, values in check.space.items():
        for value in values[: values.index(case[key])]:
            changed = {**case, key: value}
            if check.possible(changed):
                found.append(changed)
    return iter(sorted(found, key=lambda each: _size(check, each)))


def _size(check: Check, case: Case) -> int:
    """How far a case is from the simplest."""
    return sum(values.index(case[key]) for key, values in check.space.items())


def _evidence(check: Check, case: Case, difference: Difference, shown: str) -> str:
    told = check.told(case)
    if check.of_questions:
        return told
    return f"{difference.text}\n{shown} {told}" if told else difference.text


@cache
def _library(name: str) -> Any:
    return check_of(name).library()


@cache
def _of_library(name: str, case: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return observe(check_of(name), _library(name), dict(case), lambda error: None)
