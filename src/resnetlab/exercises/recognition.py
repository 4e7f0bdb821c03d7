"""Recognises known mistakes by what they compute: one, or two at once.

A mistake is in an answer where, on the same inputs, the answer gave the numbers, gradients, buffers and errors that
the mistake gives. Two mistakes that change different lines make one wrong solution together; it is looked for where
no single one fits.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from resnetlab.exercises.comparison import first_difference, is_well_formed
from resnetlab.exercises.course import check_of, solution, task
from resnetlab.exercises.exercise import Mistake, mistaken
from resnetlab.exercises.loading import FaultError, load_answer
from resnetlab.exercises.observation import Case, observe, same_error

Slugs = tuple[str, ...]
FrozenCase = tuple[tuple[str, Any], ...]
MOST_KEPT = 10_000  # observations of mistakes, for the next answer to the same exercise


def recognise(name: str, cases: Sequence[Case], seen: Sequence[Any]) -> tuple[Mistake, ...]:
    """The first known mistake that gives on every case what the answer gave, or the only two that do; else none.

    Args:
        name: of the exercise.
        cases: what the answer was run on.
        seen: what was seen of it, case by case.
    """
    check = check_of(name)
    if not all(map(is_well_formed, seen)):
        return ()
    known = {mistake.slug: mistake for mistake in task(name).mistakes}

    def fits(slugs: Slugs) -> bool:
        runs = zip(cases, seen, strict=True)
        return all(_agree(_of_mistakes(name, slugs, frozen(case)), one, check.tolerance) for case, one in runs)

    single = next((mistake for mistake in known.values() if fits((mistake.slug,))), None)
    if single:
        return (single,)
    if not check.pairs or any(one["error"] for one in seen):  # an error hides what would come after it
        return ()
    pairs = list(itertools.islice(filter(fits, pairs_of(name)), 2))
    return tuple(known[slug] for slug in pairs[0]) if len(pairs) == 1 else ()


@cache
def pairs_of(name: str) -> tuple[Slugs, ...]:
    """All two mistakes of an exercise that can be made at once: they change different lines, and Python takes them."""
    slugs = [mistake.slug for mistake in task(name).mistakes]
    return tuple(pair for pair in itertools.combinations(slugs, 2) if _can_be_made(name, pair))


def frozen(case: Case) -> FrozenCase:
    """A case that can be the key of what is kept."""
    return tuple(case.items())


def _agree(one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float) -> bool:
    names = [name for name, _, _ in one["seen"]]
    same = names == [name for name, _, _ in other["seen"]] and same_error(one["error"], other["error"])
    return same and first_difference(one, other, tolerance) is None


@lru_cache(MOST_KEPT)
def _of_mistakes(name: str, slugs: Slugs, case: FrozenCase) -> dict[str, Any]:
    return observe(check_of(name), _answer(name, slugs), dict(case), lambda error: None)


def _can_be_made(name: str, slugs: Slugs) -> bool:
    try:
        _answer(name, slugs)
    except (LookupError, FaultError):
        return False
    return True


@cache
def _answer(name: str, slugs: Slugs) -> types.ModuleType:
    """The worked solution with these mistakes in it.

    Raises:
        LookupError: one takes away the lines that another changes.
        FaultError: together they are no Python.
    """
    source = solution(name)
    for mistake in task(name).mistakes:
        if mistake.slug in slugs:
            source = mistaken(source, mistake)
    return load_answer(source.encode(), f"{'-and-'.join(slugs)}.py", task(name).asks)
