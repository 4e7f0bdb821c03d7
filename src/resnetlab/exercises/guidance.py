"""Hints in three steps, and the worked solution."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resnetlab.exercises.course import known, solution, task
from resnetlab.exercises.exercise import worked
from resnetlab.exercises.folder import open_course


@dataclass(frozen=True)
class Hint:
    """One step of help.

    Args:
        exercise: its name.
        step: 1 to 3.
        steps: how many there are.
        text: the hint.
    """

    exercise: str
    step: int
    steps: int
    text: str


def next_hint(folder: Path, name: str) -> Hint:
    """The next hint, which the folder's progress counts; the last one again when all were given."""
    course, name = open_course(folder), known(name)
    hints = task(name).hints
    given = course.progress().get(name, {}).get("hints", 0)
    step = min(given if isinstance(given, int) else 0, len(hints) - 1) + 1
    course.note(name, hints=step)
    return Hint(name, step, len(hints), hints[step - 1])


def show_solution(folder: Path, name: str) -> str:
    """The worked solution; that it was shown before the exercise passed is kept in the progress."""
    course, name = open_course(folder), known(name)
    if not course.progress().get(name, {}).get("passed"):
        course.note(name, solution_shown=True)
    return worked(solution(name))
