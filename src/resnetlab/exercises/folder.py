"""A learner's folder: a file for each exercise, and the progress."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnetlab.core.errors import OutputError, ResnetlabError
from resnetlab.core.files import write_content
from resnetlab.exercises.course import COURSE, figure, figure_name, file_name, known, solution
from resnetlab.exercises.exercise import stub_of

PROGRESS = "progress.json"
MOST_BYTES = 1 << 20  # of an answer


@dataclass(frozen=True)
class CourseFolder:
    """A folder that `start` made.

    Args:
        folder: with the learner's files and `progress.json`.
    """

    folder: Path

    def place(self, name: str) -> Path:
        """Of an exercise's file."""
        return self.folder / file_name(name)

    def answer(self, name: str, follow: bool = True) -> bytes | None:
        """What stands in the file; None where there is none, or where it is a link that is not to be followed."""
        return read_answer(self.place(name), follow)

    def is_begun(self, name: str) -> bool:
        """Whether the file differs from the stub."""
        answer = self.answer(name)
        return answer is not None and answer.replace(b"\r\n", b"\n") != stub_of(solution(name)).encode()

    def progress(self) -> dict[str, Any]:
        """What was passed, hinted and shown, by exercise.

        Raises:
            ResnetlabError: the file is damaged.
        """
        place = self.folder / PROGRESS
        try:
            held = json.loads(place.read_text(encoding="utf-8"))
            return {name: dict(held["exercises"][name]) for name in held["exercises"]}
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ResnetlabError(
                f"{place} cannot be read: {error}\n"
                f"put it back, or delete it and run: resnetlab exercises start {self.folder}"
            ) from error

    def note(self, name: str, **what: Any) -> None:
        """Add to an exercise's progress."""
        progress = self.progress()
        progress.setdefault(name, {}).update(what)
        self._write(progress)

    def state(self, name: str) -> str:
        """passed, changed since, begun, or not begun; missing where there is no file."""
        answer = self.answer(name)
        if answer is None:
            return "missing"
        passed = self.progress().get(name, {}).get("passed")
        if passed:
            return "passed" if passed == fingerprint(answer) else "changed since"
        return "begun" if self.is_begun(name) else "not begun"

    def _write(self, progress: dict[str, Any]) -> None:
        write_content(self.folder / PROGRESS, json.dumps({"exercises": progress}, indent=2) + "\n")


def start(folder: Path) -> list[Path]:
    """Lay the course out; files that are there are left as they are.

    Args:
        folder: made where it is not there; one with other things in it is refused.

    Returns:
        the files that were written.

    Raises:
        OutputError: the folder holds something else, or cannot be written.
    """
    course = CourseFolder(folder)
    progress = folder / PROGRESS
    try:
        if folder.exists() and not progress.exists() and _holds_others(folder):
            raise OutputError(f"{folder} holds other files already\ngive a new folder")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}\ngive another folder") from error
    written = [place for name in COURSE for place, text in _laid_out(course, name) if _lay(place, text)]
    if not progress.exists():
        course._write({})
    return written


def open_course(folder: Path) -> CourseFolder:
    """The course in a folder.

    Raises:
        ResnetlabError: there is none.
    """
    if not (folder / PROGRESS).is_file():
        what = "holds no course" if folder.is_dir() else "is no folder"
        raise ResnetlabError(f"{folder} {what}\nbegin one: resnetlab exercises start {folder}")
    return CourseFolder(folder)


def reset(folder: Path, name: str) -> Path:
    """Put the stub back; what stood there is kept beside it, as NAME.py.old, NAME.py.old2 and so on.

    Returns:
        the file.
    """
    course, name = open_course(folder), known(name)
    place = course.place(name)
    if place.exists() and (course.is_begun(name) or course.answer(name) is None):
        place.replace(_free(place.with_name(place.name + ".old")))
    write_content(place, stub_of(solution(name)))
    for beside, text in _laid_out(course, name):
        _lay(beside, text)
    progress = course.progress()
    progress.pop(name, None)
    course._write(progress)
    return place


def read_answer(place: Path, follow: bool = True) -> bytes | None:
    """Content of a learner's file; None where there is no plain file of a sensible size."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    except OSError:
        return None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
        os.close(descriptor)  # of a folder there is no file to be read
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def strays(folder: Path) -> list[str]:
    """Python files in the folder that are no exercise: renamed ones, perhaps."""
    own = {file_name(name) for name in COURSE}
    return sorted(file.name for file in folder.glob("*.py") if file.name not in own)


def fingerprint(answer: bytes) -> str:
    return hashlib.sha256(answer).hexdigest()[:16]


def _laid_out(course: CourseFolder, name: str) -> Iterator[tuple[Path, str]]:
    """What an exercise begins with: the stub, and the picture where it is about one."""
    yield course.place(name), stub_of(solution(name))
    picture = figure(name)
    if picture is not None:
        yield course.folder / figure_name(name), picture


def _lay(place: Path, text: str) -> bool:
    """Write a file where there is none; whether it was written."""
    if place.exists():
        return False
    write_content(place, text)
    return True


def _free(place: Path) -> Path:
    """The place, or the first after it that nothing stands in."""
    others = (place.with_name(f"{place.name}{number}") for number in itertools.count(2))
    return next(free for free in itertools.chain((place,), others) if not free.exists())


def _holds_others(folder: Path) -> bool:
    own = {made(name) for name in COURSE for made in (file_name, figure_name)}
    return any(entry.name not in own for entry in folder.iterdir())
