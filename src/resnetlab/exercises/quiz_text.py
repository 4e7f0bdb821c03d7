"""How the quiz looks on a terminal: 80 columns, in colour where there is any."""

from __future__ import annotations

import textwrap

from rich.text import Text

from resnetlab.exercises.folder import CourseFolder
from resnetlab.exercises.questions import CHECKLIST, QUESTIONS
from resnetlab.exercises.quiz import LETTERS, Judged, Question

WIDTH = 80


def overview_text(course: CourseFolder | None = None) -> Text:
    """The checklist, ticked where a learner's course proves it, and the questions, by topic."""
    text = Text("Can you ...\n", "bold", no_wrap=True)  # folded here, but for commands
    for skill in CHECKLIST:
        is_proved = course is not None and skill.is_proved(course)
        text.append(_folded(f"[{'x' if is_proved else ' '}] {skill.text}", 2, 6), "green" if is_proved else "")
        text.append(_commands(skill.commands(str(course.folder) if course else "course"), 6), "dim")
    if course is None:
        text.append("  ticked by what has passed: resnetlab exercises quiz --course DIR\n", "dim")
    topic = ""
    for number, question in enumerate(QUESTIONS, start=1):
        if question.topic != topic:
            topic = question.topic
            text.append(f"\n{topic}\n", "bold")
        text.append(_folded(f"{number:2} {question.text}", 2, 5))
    text.append("\none question: resnetlab exercises quiz 1, then --answer a, or --show", "dim")
    return text


def question_text(question: Question) -> Text:
    """The question and its choices."""
    text = Text(_folded(question.text, 0, 0), "bold")
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        text.append(_folded(f"{letter}  {choice.text}", 2, 5))
    text.append(f"\nresnetlab exercises quiz {question.slug} --answer a", "dim")
    return text


def judged_text(judged: Judged) -> Text:
    """Whether the answer is right, why, and what shows it."""
    sign, style = ("✓ right", "green") if judged.correct else ("✗ not so", "red")
    text = Text(f"{sign}\n", style)
    text.append(_folded(judged.why, 2, 2), "")
    return text.append("  see\n" + _commands(judged.shown_by, 4).rstrip("\n"), "dim")


def whole_text(question: Question) -> Text:
    """The question with what is to be said of every choice."""
    text = Text(_folded(question.text, 0, 0), "bold")
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        sign, style = ("✓", "green") if choice.right else ("✗", "red")
        text.append(f"\n{sign} ", style)
        text.append(_folded(f"{letter}  {choice.text}", 0, 5))
        if choice.taught:
            text.append(" " * 5 + "so it is taught, and wrong:\n", "dim")
        text.append(_folded(choice.why, 5, 5))
    return text.append("\nsee\n" + _commands(question.shown_by, 2).rstrip("\n"), "dim")


def _folded(text: str, first: int, rest: int) -> str:
    return textwrap.fill(text, WIDTH - 2, initial_indent=" " * first, subsequent_indent=" " * rest) + "\n"


def _commands(commands: tuple[str, ...], indent: int) -> str:
    return "".join(" " * indent + command + "\n" for command in commands)
