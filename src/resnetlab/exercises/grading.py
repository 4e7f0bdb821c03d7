"""Grades a class: every learner's answers, as one table for people and one file for programs.

Only the bytes of a learner's files go to the process that runs them: it sees neither their folder nor another's. The
same files give the same grades, to the letter.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.files import write_content
from resnetlab.core.folders import make_output_folder
from resnetlab.core.terminal import on_one_line
from resnetlab.exercises.checking import SEED, not_begun, unread
from resnetlab.exercises.course import COURSE, file_name
from resnetlab.exercises.folder import CourseFolder
from resnetlab.exercises.guard import guards
from resnetlab.exercises.workshop import EndedError, Result, Workshop

TABLE, FILE = "grades.csv", "grades.json"


@dataclass(frozen=True)
class Grades:
    """What a class has reached.

    Args:
        folder: that the two files were written to.
        seed: of the random inputs.
        learners: names, in the order that was given.
        results: of each learner, one for each exercise.
    """

    folder: Path
    seed: int
    learners: tuple[str, ...]
    results: tuple[tuple[Result, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """Everything but the times, which are not the same twice."""
        return {
            "seed": self.seed,
            "guarded": guards(),
            "exercises": list(COURSE),
            "learners": [
                {"learner": learner, "passed": _passed(results), "results": [_told(result) for result in results]}
                for learner, results in zip(self.learners, self.results, strict=True)
            ],
        }

    def as_csv(self) -> str:
        """A row a learner: how many passed, then each exercise as passed, a slug, or wrong."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("learner", "passed", "of", *COURSE))
        for learner, results in zip(self.learners, self.results, strict=True):
            words = map(_harmless, (learner, *map(in_a_word, results)))
            rows.writerow((next(words), _passed(results), len(COURSE), *words))
        return text.getvalue()


def grade_folders(
    folders: Sequence[Path],
    output: Path | None = None,
    exist_ok: bool = False,
    seed: int = SEED,
    jobs: int = 1,
    tell: Callable[[int], None] = lambda learners: None,
) -> Grades:
    """Check the whole course of every learner, and write grades.csv and grades.json.

    Args:
        folders: a learner's each.
        output: a new folder; runs/grade/… where it is None.
        exist_ok: files of an earlier grading in it may be replaced.
        seed: of the random inputs.
        jobs: learners that are graded at the same time.
        tell: is told of every learner that is done.

    Raises:
        ResnetlabError: a folder is not there or holds no answer, or --jobs is impossible.
        OutputError: the output folder holds something, or cannot be written.
    """
    _check(folders, jobs)
    place = make_output_folder("grade", "class", output, exist_ok)
    handed_in = [{name: _read(folder, name) for name in COURSE} for folder in folders]  # before any answer runs
    free: SimpleQueue[Workshop] = SimpleQueue()

    def graded(answers: Mapping[str, bytes | Result]) -> tuple[Result, ...]:
        workshop = free.get()
        try:
            return tuple(_grade(workshop, name, answer, seed) for name, answer in answers.items())
        finally:
            free.put(workshop)
            tell(1)

    opened = [Workshop() for _ in range(min(jobs, len(folders)))]
    try:
        for workshop in opened:
            free.put(workshop.__enter__())
        with ThreadPoolExecutor(len(opened)) as pool:
            results = tuple(pool.map(graded, handed_in))
    finally:
        for workshop in opened:
            workshop.close()
    grades = Grades(place, seed, learner_names(folders), results)
    write_content(place / TABLE, grades.as_csv())
    write_content(place / FILE, json.dumps(grades.as_json(), ensure_ascii=False, indent=1) + "\n")
    return grades


def in_a_word(result: Result) -> str:
    """passed, the mistake's slug, or wrong."""
    return "passed" if result.passed else result.mistake or "wrong"


def learner_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """The folders' own names, or their paths where two have the same."""
    own = [on_one_line(folder.resolve().name) for folder in folders]
    return tuple(own if len({*own}) == len(own) else (on_one_line(folder) for folder in folders))


def _read(folder: Path, name: str) -> bytes | Result:
    """What a learner handed in, or what is to be said where that is nothing."""
    course = CourseFolder(folder)
    answer = course.answer(name, follow=False)
    if answer is None:
        return unread(name, folder)
    return answer if course.is_begun(name) else not_begun(name)


def _grade(workshop: Workshop, name: str, answer: bytes | Result, seed: int) -> Result:
    if isinstance(answer, Result):
        return answer
    try:
        return workshop.check(name, answer, file_name(name), seed)
    except EndedError:  # the checking process cannot begin, which is no answer's fault
        raise
    except ResnetlabError as error:  # one answer that cannot be judged costs nobody else their grade
        return Result(name, False, "not-judged", "run", str(error), 0.0)


def _check(folders: Sequence[Path], jobs: int) -> None:
    if not folders:
        raise ResnetlabError("no folder is given\ngive the learners' folders: resnetlab exercises grade class/*")
    if jobs < 1:
        raise ResnetlabError(f"--jobs {jobs} is impossible\ngive 1 or more")
    for folder in folders:
        if not folder.is_dir():
            raise ResnetlabError(f"{on_one_line(folder)} is no folder\ngive the folder of each learner")
        if not any((folder / file_name(name)).exists() for name in COURSE):
            raise ResnetlabError(
                f"{on_one_line(folder)} holds no exercise: there is no {file_name(COURSE[0])} and none of the others\n"
                "give the folder that the learner's files are in"
            )


def _passed(results: Sequence[Result]) -> int:
    return sum(result.passed for result in results)


def _told(result: Result) -> dict[str, Any]:
    fields = result.as_json()
    del fields["seconds"]
    return fields


def _harmless(name: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
