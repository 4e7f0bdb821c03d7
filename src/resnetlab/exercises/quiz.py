"""The quiz: a checklist of what one should be able to do, and the questions of interviews with their wrong answers.

Every answer points to a command that shows it. Where teaching texts give a wrong answer, it stands among the choices
and says why it is wrong.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnetlab.core.errors import UnknownNameError

if TYPE_CHECKING:
    from resnetlab.exercises.folder import CourseFolder

LETTERS = "abcdefgh"  # of the choices; a question has as many as it needs


@dataclass(frozen=True)
class Choice:
    """One possible answer.

    Args:
        text: the answer.
        why: it is right or wrong.
        right: whether it is the right one.
        taught: whether teaching texts give it, wrong as it is.
    """

    text: str
    why: str
    right: bool = False
    taught: bool = False


@dataclass(frozen=True)
class Question:
    """A question with its choices, of which one is right.

    Args:
        slug: its name.
        topic: that it belongs to.
        text: the question.
        choices: two or more.
        shown_by: commands that show the answer.
    """

    slug: str
    topic: str
    text: str
    choices: tuple[Choice, ...]
    shown_by: tuple[str, ...]


@dataclass(frozen=True)
class Skill:
    """An item of the checklist.

    Args:
        text: what one can do.
        shown_by: commands to see it.
        exercises: of the course; who has passed them can do it.
    """

    text: str
    shown_by: tuple[str, ...]
    exercises: tuple[str, ...]

    def commands(self, folder: str = "course") -> tuple[str, ...]:
        """To see it, and to prove it in the learner's folder."""
        return *self.shown_by, f"resnetlab exercises check {shlex.quote(folder)} {' '.join(self.exercises)}"

    def is_proved(self, course: CourseFolder) -> bool:
        """Whether all its exercises have passed, as they stand in the folder."""
        return all(course.state(name) == "passed" for name in self.exercises)


@dataclass(frozen=True)
class Judged:
    """What is to be said of an answer.

    Args:
        question: the question's slug.
        given: the letter that was chosen; None where the answer was asked for.
        correct: whether it is right.
        why: the reason.
        right: letter of the right choice, and its text; None while a wrong answer leaves it open.
        shown_by: commands that show it.
    """

    question: str
    given: str | None
    correct: bool
    why: str
    right: str | None
    shown_by: tuple[str, ...]


def find_question(asked: str) -> Question:
    """The question of this number, from 1, or of this slug.

    Raises:
        UnknownNameError: there is none.
    """
    from resnetlab.exercises.questions import QUESTIONS

    for number, question in enumerate(QUESTIONS, start=1):
        if asked in (str(number), question.slug):
            return question
    slugs = [question.slug for question in QUESTIONS]
    raise UnknownNameError("question", asked, slugs, f"1 to {len(slugs)}, or a name: resnetlab exercises quiz")


def judge(question: Question, letter: str | None) -> Judged:
    """Whether an answer is right, and why; the answer itself where no letter is given.

    Args:
        question: that was asked.
        letter: of a choice, in either case.

    Raises:
        UnknownNameError: the question has no such choice.
    """
    place, right = _right(question.choices)
    told = f"{LETTERS[place]}: {right.text}"
    if letter is None:
        return Judged(question.slug, None, True, right.why, told, question.shown_by)
    letters = LETTERS[: len(question.choices)]
    given = letter.strip().lower()
    if len(given) != 1 or given not in letters:
        raise UnknownNameError("choice", letter, list(letters), f"{letters[0]} to {letters[-1]}")
    choice = question.choices[letters.index(given)]
    return Judged(question.slug, given, choice.right, choice.why, told if choice.right else None, question.shown_by)


def _right(choices: Sequence[Choice]) -> tuple[int, Choice]:
    return next((place, choice) for place, choice in enumerate(choices) if choice.right)
