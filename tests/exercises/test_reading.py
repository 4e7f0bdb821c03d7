"""Reading exercises: every wrong choice has its reason, and no message tells the right letter."""

from __future__ import annotations

import pytest

from resnetlab.exercises.course import COURSE, file_name, task
from resnetlab.exercises.workshop import Workshop

READING = [name for name in COURSE if name.startswith("reading_")]
pytestmark = pytest.mark.xdist_group("exercises")


def answer(**letters: object) -> bytes:
    return "".join(f"{name} = {letter!r}\n" for name, letter in letters.items()).encode()


def wrong_letters(name: str) -> dict[str, str]:
    """Of each question a wrong choice that has a reason."""
    edits = [mistake.edits[0] for mistake in task(name).mistakes]
    return {new.split(" = ")[0]: new.split('"')[1] for _, new in edits if "?" not in new}


@pytest.mark.parametrize("name", READING)
def test_two_wrong_choices_are_told_one_by_one(name: str, workshop: Workshop) -> None:
    wrong = wrong_letters(name)
    result = workshop.check(name, answer(**wrong), file_name(name))
    reasons = {mistake.slug: mistake for mistake in task(name).mistakes}
    assert result.mistake is not None
    assert reasons[result.mistake].edits[0][1] == f'FIRST = "{wrong["FIRST"]}"'
    assert result.message.splitlines()[0] == reasons[result.mistake].message
    assert "is meant" not in result.message  # that would be the answer


@pytest.mark.parametrize("nonsense", ["", "d", "ab", 1, None, ["a"]])
def test_what_is_no_letter_is_told(nonsense: object, workshop: Workshop) -> None:
    result = workshop.check(READING[0], answer(FIRST=nonsense, SECOND="a", THIRD="a"), "answer.py")
    assert (result.passed, result.mistake) == (False, "no-choice")


def test_there_are_questions_with_a_reason_for_every_wrong_choice() -> None:
    assert len(READING) >= 3
    for name in READING:
        slugs = {mistake.slug for mistake in task(name).mistakes} - {"no-choice"}
        assert len(slugs) == 2 * len(task(name).asks)
