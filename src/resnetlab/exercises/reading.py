"""Exercises in reading: a table or figure that the laboratory made, and what it shows.

The answers are letters. The process that runs a learner's file sees which letter was chosen; which one is right stands
beside the mistakes, in `task.py`, which only the examiner reads.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from resnetlab.exercises.exercise import Mistake

if TYPE_CHECKING:
    from resnetlab.exercises.observation import Case, Check, Observation

LETTERS = ("a", "b", "c")
TRIALS = 40  # draws of one of a few questions: all of them are among these


def check_of_reading(exercise: str, questions: Mapping[str, str]) -> Check:
    """What is looked at: the letter that each constant of the learner's file holds.

    Args:
        exercise: its name in the course.
        questions: of each constant a few words.
    """
    from resnetlab.exercises.observation import Check  # imports PyTorch, which rows and their titles do without

    def probe(answer: Any, case: Case, observation: Observation) -> None:
        chosen = str(getattr(answer, case["question"])).strip().strip("().").lower()
        observation.output(case["question"], chosen if chosen in LETTERS else "no choice")

    def library() -> SimpleNamespace:
        return SimpleNamespace(**importlib.import_module(f"resnetlab.exercises.course.{exercise}.task").RIGHT)

    def told(case: Case) -> str:
        return f"{case['question']}: {questions[case['question']]}"

    return Check({"question": tuple(questions)}, probe, library, trials=TRIALS, told=told, of_questions=True)


def misread(slug: str, constant: str, right: str, wrong: str, message: str) -> Mistake:
    """A wrong choice, and what is wrong with it."""
    return Mistake(slug, message, ((f'{constant} = "{right}"', f'{constant} = "{wrong}"'),))


def no_choice(right: Mapping[str, str]) -> Mistake:
    """Something that is none of the letters, at whichever question."""
    edits = tuple((f'{constant} = "{letter}"', f'{constant} = "?"') for constant, letter in right.items())
    return Mistake("no-choice", f"choose one of {', '.join(LETTERS)}, as a text of one letter", edits)
