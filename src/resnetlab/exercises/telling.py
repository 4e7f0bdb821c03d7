"""How results look on a terminal: 80 columns, in colour where there is any."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.text import Text

from resnetlab.exercises.course import COURSE, task
from resnetlab.exercises.folder import CourseFolder
from resnetlab.exercises.workshop import Result

WIDTH = 80
SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not begun": ("·", "dim")}
STATES = {"passed": "passed", "begun": "failed", "not begun": "not begun"}


def result_text(result: Result) -> Text:
    """One result: sign, number, title; under it the mistake, its message and what shows it."""
    kind = "passed" if result.passed else "not begun" if result.mistake == "not-begun" else "failed"
    text = _line(kind, result.exercise)
    if kind == "passed":
        text.append(f"  {result.seconds:.1f} s", "dim")
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
        text.append(f"\nnext: edit {folder}, or resnetlab exercises hint {folder} {failing.exercise}", "dim")
    return text


def list_text(course: CourseFolder | None) -> Text:
    """The exercises in order, with the state of each where a folder is known."""
    lines = []
    for name in COURSE:
        state = course.state(name) if course else "not begun"
        line = _line(STATES.get(state, "failed"), name)
        if course:
            line.append(f"  {state}", "dim")
        lines.append(line)
    if course:
        done = sum(course.state(name) == "passed" for name in COURSE)
        lines.append(Text(f"\n{done} of {len(COURSE)} passed", "bold"))
    return Text("\n").join(lines)


def _line(kind: str, name: str) -> Text:
    sign, style = SIGNS[kind]
    number = COURSE.index(name) + 1
    return Text.assemble((sign, style), f" {number:02} {name}", ("  " + task(name).title, "dim"))
