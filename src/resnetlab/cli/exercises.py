"""`resnetlab exercises start | list | check | watch | hint | solution | reset | grade`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import tyro

from resnetlab.core.terminal import json_text, show

Folder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DIR")]
Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
Names = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[NAME ...]")]
LOOK_EVERY = 0.5  # seconds


@dataclass(frozen=True)
class ExercisesStart:
    """Lay the course before you: a file for each exercise, with its theory and a blank to fill in.

    Files that are there are left as they are.
    """

    folder: Folder
    """a new folder, or one of an earlier start."""
    json: bool = False
    """print the files that were written as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises start my-course",
        "resnetlab exercises start another/course",
        "resnetlab exercises start my-course --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.folder import start

        written = start(self.folder)
        if self.json:
            print(json_text([str(file) for file in written]))
        else:
            show(
                f"course: {self.folder}", f"{len(written)} files written", f"next:   edit {self.folder}/01_*.py, then"
            )
            show(f"        resnetlab exercises check {self.folder} 1")
        return 0


@dataclass(frozen=True)
class ExercisesList:
    """List the exercises in order, with your progress where a folder is given."""

    folder: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[DIR]")] = None
    """the folder of the course."""
    json: bool = False
    """print the list as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises list",
        "resnetlab exercises list course",
        "resnetlab exercises list course --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.course import COURSE, file_name, task
        from resnetlab.exercises.folder import open_course
        from resnetlab.exercises.telling import list_text

        course = open_course(self.folder) if self.folder else None
        if not self.json:
            show(list_text(course))
            return 0
        rows = [{"exercise": name, "title": task(name).title, "file": file_name(name)} for name in COURSE]
        print(json_text([{**row, "state": course.state(row["exercise"]) if course else None} for row in rows]))
        return 0


@dataclass(frozen=True)
class ExercisesCheck:
    """Check answers: whether they compute the right thing, and if not, which mistake it is.

    The exit code is 0 where all that were asked for pass, and 1 where not.
    """

    folder: Folder
    """the folder of the course."""
    names: Names = ()
    """exercises, by name, number or file; all where none is given."""
    seed: int = 0
    """of the random inputs."""
    json: bool = False
    """print the results as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises check course convolution_by_unfold",
        "resnetlab exercises check course 1 2",
        "resnetlab exercises check course 2 --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.checking import check_exercises
        from resnetlab.exercises.telling import result_text, summary_text

        results = []
        for result in check_exercises(self.folder, self.names, self.seed):
            results.append(result)
            if not self.json:
                show(result_text(result))
        if self.json:
            print(json_text([result.as_json() for result in results]))
        else:
            show(summary_text(results, str(self.folder)))
        return 0 if all(result.passed for result in results) else 1


@dataclass(frozen=True)
class ExercisesWatch:
    """Check again whenever a file is saved, until all that were asked for pass; Ctrl-C ends it before."""

    folder: Folder
    """the folder of the course."""
    names: Names = ()
    """exercises, by name, number or file; all where none is given."""
    json: bool = False
    """print each round of results as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises watch course convolution_by_unfold",
        "resnetlab exercises watch course 1 2",
        "resnetlab exercises watch course 1 --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.checking import watch_exercises
        from resnetlab.exercises.telling import result_text

        print("watching: save a file to have it checked, Ctrl-C to end", file=sys.stderr)
        for results in watch_exercises(self.folder, self.names, lambda: time.sleep(LOOK_EVERY)):
            if self.json:
                print(json_text([result.as_json() for result in results]), flush=True)
            else:
                show(*(result_text(result) for result in results))
        return 0


@dataclass(frozen=True)
class ExercisesHint:
    """Give the next of an exercise's three hints."""

    folder: Folder
    """the folder of the course."""
    name: Name
    """the exercise, by name, number or file."""
    json: bool = False
    """print the hint as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises hint course batch_norm",
        "resnetlab exercises hint course 2",
        "resnetlab exercises hint course 1 --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.guidance import next_hint
        from resnetlab.exercises.telling import hint_text

        hint = next_hint(self.folder, self.name)
        if self.json:
            print(json_text(asdict(hint)))
        else:
            show(hint_text(hint))
        return 0


@dataclass(frozen=True)
class ExercisesSolution:
    """Show an exercise's worked solution; the progress tells that it was shown before it passed."""

    folder: Folder
    """the folder of the course."""
    name: Name
    """the exercise, by name, number or file."""
    json: bool = False
    """print it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises solution course batch_norm",
        "resnetlab exercises solution course 2",
        "resnetlab exercises solution course 1 --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.course import known
        from resnetlab.exercises.guidance import show_solution

        text = show_solution(self.folder, self.name)
        print(json_text({"exercise": known(self.name), "solution": text}) if self.json else text.rstrip())
        return 0


@dataclass(frozen=True)
class ExercisesReset:
    """Put an exercise's stub back; what you wrote is kept beside it, with .old after its name."""

    folder: Folder
    """the folder of the course."""
    name: Name
    """the exercise, by name, number or file."""
    json: bool = False
    """print the file's name as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises reset course batch_norm",
        "resnetlab exercises reset course 1",
        "resnetlab exercises reset course 1 --json",
    )

    def __call__(self) -> int:
        from resnetlab.exercises.folder import reset

        place = reset(self.folder, self.name)
        print(json_text({"file": str(place)}) if self.json else f"as it was at the start: {place}")
        return 0


@dataclass(frozen=True)
class ExercisesGrade:
    """Grade a class: check the whole course of every learner, and write grades.csv and grades.json.

    The same files give the same grades. The exit code is 0 where all were graded, whatever the grades.
    """

    folders: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER ...")]
    """the learners' folders."""
    output: Path | None = None
    """folder for the grades; runs/grade/... by default."""
    exist_ok: bool = False
    """replace the grades that are in it."""
    seed: int = 0
    """of the random inputs."""
    jobs: int = 1
    """learners that are graded at the same time; a process with PyTorch each."""
    json: bool = False
    """print the content of grades.json."""

    EXAMPLES: ClassVar = (
        "resnetlab exercises grade course",
        "resnetlab exercises grade course --output grades --jobs 2",
        "resnetlab exercises grade course --json",
    )

    def __call__(self) -> int:
        from resnetlab.core.terminal import progress_bar
        from resnetlab.exercises.grading import FILE, TABLE, grade_folders
        from resnetlab.exercises.telling import grades_table, unguarded

        with progress_bar("grading", len(self.folders), self.json) as tell:
            grades = grade_folders(self.folders, self.output, self.exist_ok, self.seed, self.jobs, tell)
        if self.json:
            print(json_text(grades.as_json()))
            return 0
        places = (f"table:   {grades.folder / TABLE}", f"numbers: {grades.folder / FILE}")
        show(grades_table(grades), "", *unguarded(), *places)
        return 0
