"""Checks a learner's answers, and keeps what passed in the learner's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from resnetlab.core.terminal import on_one_line
from resnetlab.exercises.course import COURSE, file_name, known
from resnetlab.exercises.folder import CourseFolder, fingerprint, open_course, strays
from resnetlab.exercises.workshop import Result, Workshop

SEED = 0


def check_exercises(folder: Path, names: Sequence[str] = (), seed: int = SEED) -> Iterator[Result]:
    """Check answers one after the other; every result comes as soon as it is there.

    Args:
        folder: that `start` made.
        names: of exercises, files, or numbers; the whole course where there is none.
        seed: of the random inputs.

    Raises:
        ResnetlabError: no course, or no such exercise.
    """
    course = open_course(folder)
    asked = [known(name) for name in names] or list(COURSE)
    course.progress()  # a damaged file is told before anything is run
    return _results(course, asked, seed)


def _results(course: CourseFolder, asked: Sequence[str], seed: int) -> Iterator[Result]:
    with ExitStack() as stack:
        workshop: Workshop | None = None  # which takes seconds to open, and is not needed for a course of stubs
        for name in asked:
            answer = course.answer(name)
            if answer is None or not course.is_begun(name):
                yield unread(name, course.folder) if answer is None else not_begun(name)
                continue
            workshop = workshop or stack.enter_context(Workshop())
            result = workshop.check(name, answer, file_name(name), seed)
            if result.passed:
                course.note(name, passed=fingerprint(answer))
            yield result


def not_begun(name: str) -> Result:
    """Of a file that is still the stub."""
    return Result(name, False, "not-begun", "file", "not written yet", 0.0)


def unread(name: str, folder: Path) -> Result:
    """Of a file that is not there, or is no plain file."""
    file = file_name(name)
    if (folder / file).exists():
        message = f"{file} is no plain file of at most 1 MB"
    else:
        others = ", ".join(map(on_one_line, strays(folder)[:3]))
        remedy = f"rename {others} to it, or " if others else ""
        message = f"there is no {file}\n{remedy}get the stub again: resnetlab exercises reset {folder} {name}"
    return Result(name, False, "missing-file", "file", message, 0.0)


def watch_exercises(
    folder: Path, names: Sequence[str], wait: Callable[[], None], seed: int = SEED
) -> Iterator[list[Result]]:
    """Check what is begun whenever a file of it was saved, until all passes; a file that goes away is told.

    Args:
        folder: that `start` made.
        names: as in `check_exercises`; the whole course where there is none, of which stubs are waited for.
        wait: called between two looks at the files.
        seed: of the random inputs.

    Yields:
        the results of what was saved.
    """
    course = open_course(folder)
    course.progress()  # one that is damaged is told before an answer runs
    asked = [known(name) for name in names] or list(COURSE)
    seen: dict[str, bytes | None] = {}
    failing, missing = set(asked), set[str]()
    with Workshop() as workshop:
        while failing:
            results = []
            for name in asked:
                answer = course.answer(name)
                if answer is None and name not in missing:
                    missing.add(name)  # some editors take the old file away before they write the new one
                    continue
                if answer is not None:
                    missing.discard(name)
                if name in seen and answer == seen[name]:
                    continue
                seen[name] = answer
                failing.add(name)
                if answer is None:
                    results.append(unread(name, folder))
                elif course.is_begun(name):
                    results.append(workshop.check(name, answer, file_name(name), seed))
                    if results[-1].passed:
                        failing.discard(name)
                        course.note(name, passed=fingerprint(answer))
            if results:
                yield results
            if failing:
                wait()
