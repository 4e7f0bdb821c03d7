"""How results look on a terminal: 80 columns, in colour where there is any."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from resnetlab.core.terminal import plain_table
from resnetlab.exercises.checking import not_begun
from resnetlab.exercises.course import COURSE, file_name, task
from resnetlab.exercises.folder import CourseFolder
from resnetlab.exercises.grading import Grades, in_a_word
from resnetlab.exercises.guard import guards
from resnetlab.exercises.guidance import Hint
from resnetlab.exercises.workshop import Result

WIDTH = 80
SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not begun": ("·", "dim")}
STATES = {
    "passed": "passed",
    "changed since": "failed",
    "begun": "failed",
    "missing": "failed",
    "not begun": "not begun",
}


def result_text(result: Result) -> Text:
    """One result: sign, number, title; under it the mistake, its message and what shows it."""
    untouched = result == not_begun(result.exercise)
    kind = "passed" if result.passed else "not begun" if untouched else "failed"
    text = _line(kind, result.exercise, f"{result.seconds:.1f} s" if kind == "passed" else "")
    if kind != "failed":
        return text
    if result.mistake:
        text.append(f"\n     {result.mistake}", "bold red")
    for paragraph in result.message.splitlines():
        text.append("\n" + textwrap.fill(paragraph, WIDTH, initial_indent=" " * 5, subsequent_indent=" " * 5))
    if result.printed.strip():
        text.append("\n     it printed:", "dim")
        for line in result.printed.rstrip().splitlines()[:10]:
            text.append(f"\n       {line[: WIDTH - 8]}", "dim")
    return text


def summary_text(results: Sequence[Result], folder: str) -> Text:
    """How many passed, and what to type next."""
    passed = sum(result.passed for result in results)
    text = Text(f"\n{passed} of {len(results)} passed", "bold green" if passed == len(results) else "bold")
    failing = next((result for result in results if not result.passed), None)
    if failing:
        place = f"{folder}/{file_name(failing.exercise)}"
        text.append(f"\nnext: edit {place}\n      resnetlab exercises hint {folder} {failing.exercise}", "dim")
    return text


def list_text(course: CourseFolder | None) -> Text:
    """The exercises in order, with the state of each where a folder is known."""
    states = {name: course.state(name) if course else "not begun" for name in COURSE}
    lines = [_line(STATES[state], name, state if course else "", in_columns=True) for name, state in states.items()]
    if course:
        done = list(states.values()).count("passed")
        lines.append(Text(f"\n{done} of {len(COURSE)} passed", "bold"))
    return Text("\n").join(lines)


def hint_text(hint: Hint) -> Text:
    """One hint, and which it is."""
    head = f"{hint.exercise}, hint {hint.step} of {hint.steps}"
    return Text.assemble((head, "bold"), "\n", textwrap.fill(hint.text, WIDTH))


def grades_table(grades: Grades) -> Table:
    """A row a learner: how many passed, and what did not, with the mistakes."""
    table = plain_table("learner", "passed", "not passed", numbers=("passed",))
    for learner, results in zip(grades.learners, grades.results, strict=True):
        failing = [f"{result.exercise} ({in_a_word(result)})" for result in results if not result.passed]
        passed = f"{len(results) - len(failing)} of {len(results)}"
        table.add_row(learner, passed, ", ".join(failing))
    return table


def unguarded() -> tuple[str, ...]:
    """What this system does not let the grader guard, as a line; nothing where all is guarded."""
    open_doors = [name for name, guarded in guards().items() if not guarded]
    return (f"not guarded on this system: {', '.join(open_doors)} (docs/exercises.md)",) if open_doors else ()


def _line(kind: str, name: str, note: str, *, in_columns: bool = False) -> Text:
    """Sign, number, name, as much of the title as there is room for, and a note."""
    sign, style = SIGNS[kind]
    wide = max(map(len, COURSE)) if in_columns else 0
    told = f" {COURSE.index(name) + 1:02} {name:{wide}}  "
    end = f"  {note:{max(map(len, STATES)) if in_columns else 0}}" if note else ""
    room = WIDTH - 1 - len(told) - len(end)
    title = textwrap.shorten(task(name).title, room, placeholder=" …")
    return Text.assemble((sign, style), told, (f"{title:{room if in_columns else 0}}{end}".rstrip(), "dim"))
