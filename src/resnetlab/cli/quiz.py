"""`resnetlab exercises quiz`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import tyro

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.terminal import json_text, show

if TYPE_CHECKING:
    from resnetlab.exercises.folder import CourseFolder
    from resnetlab.exercises.quiz import Question

Asked = Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[QUESTION]")]


@dataclass(frozen=True)
class ExercisesQuiz:
    """A checklist and the questions of interviews; each answer names a command that shows it.

    The exit code of an answer is 0 where it is right and 1 where it is not.
    """

    question: Asked = None
    """a question, by number or name; the checklist and all questions where none is given."""
    answer: str | None = None
    """the letter of your choice."""
    show: bool = False
    """tell the right answer, and what is wrong with the others."""
    course: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """your course: the checklist is ticked by what has passed in it."""
    json: bool = False
    """print it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises quiz",
        "resnetlab exercises quiz gradient_through_a_skip --answer c",
        "resnetlab exercises quiz 2 --show --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.folder import open_course
        from resnetlab.exercises.quiz import find_question, judge
        from resnetlab.exercises.quiz_text import judged_text, overview_text, question_text, whole_text

        if self.question is None:
            if self.answer is not None or self.show:
                raise ResnetlabError("--answer and --show are of one question\nresnetlab exercises quiz 1 --show")
            course = None if self.course is None else open_course(self.course)
            self._say(_overview(course), overview_text(course))
            return 0
        if self.course is not None:
            raise ResnetlabError("--course is of the checklist\nresnetlab exercises quiz --course DIR")
        question = find_question(self.question)
        if self.answer is not None:
            judged = judge(question, self.answer)
            self._say(asdict(judged), judged_text(judged))
            return 0 if judged.correct else 1
        if self.show:
            told = judge(question, None)
            self._say({**asdict(question), "right": told.right}, whole_text(question))
        else:
            self._say(_asked(question), question_text(question))
        return 0

    def _say(self, machine: Any, text: Any) -> None:
        if self.json:
            print(json_text(machine))
        else:
            show(text)


def _overview(course: CourseFolder | None) -> dict[str, Any]:
    """The checklist with what a course proves, null where none was given, and the questions."""
    from resnetlab.exercises.questions import CHECKLIST, QUESTIONS

    return {
        "checklist": [asdict(skill) | {"proved": course and skill.is_proved(course)} for skill in CHECKLIST],
        "questions": [_asked(question) for question in QUESTIONS],
    }


def _asked(question: Question) -> dict[str, Any]:
    """The question as it is asked: without what tells the answer."""
    choices = [choice.text for choice in question.choices]
    return {"question": question.slug, "topic": question.topic, "text": question.text, "choices": choices}
