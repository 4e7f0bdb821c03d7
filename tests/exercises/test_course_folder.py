"""What a learner's folder goes through: start, progress, hints, solution, reset, watch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnetlab.cli import main
from resnetlab.core.errors import OutputError, ResnetlabError, UnknownNameError
from resnetlab.exercises import checking
from resnetlab.exercises.checking import check_exercises, watch_exercises
from resnetlab.exercises.course import COURSE, figure, figure_name, file_name, known, solution, task
from resnetlab.exercises.exercise import stub_of
from resnetlab.exercises.folder import open_course, reset, start
from resnetlab.exercises.guidance import next_hint, show_solution
from resnetlab.exercises.workshop import Workshop
from shared_workshop import SharedWorkshop

pytestmark = pytest.mark.xdist_group("exercises")
WRONG = solution("batch_norm").replace("variance * m / (m - 1)", "variance")
FIELDS = ["exercise", "passed", "mistake", "where", "message", "seconds"]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    start(tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "Workshop", SharedWorkshop)


def write(course: Path, name: str, text: str) -> None:
    (course / file_name(name)).write_text(text, encoding="utf-8")


def test_a_start_lays_out_every_stub_and_the_progress(course: Path) -> None:
    figures = {figure_name(name) for name in COURSE if figure(name)}
    assert {file.name for file in course.iterdir()} == {*map(file_name, COURSE), *figures, "progress.json"}
    for name in COURSE:
        assert (course / file_name(name)).read_text(encoding="utf-8") == stub_of(solution(name))


def test_a_second_start_leaves_what_is_there_and_adds_what_is_gone(course: Path) -> None:
    write(course, "batch_norm", WRONG)
    (course / file_name("basic_block")).unlink()
    assert start(course) == [course / file_name("basic_block")]
    assert (course / file_name("batch_norm")).read_text() == WRONG


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError, match="holds other files already"):
        start(tmp_path)


def test_progress_stays_in_the_folder_and_notices_a_change(course: Path, warm: None) -> None:
    write(course, "batch_norm", solution("batch_norm"))
    before = {file.name for file in course.iterdir()}
    assert [result.passed for result in check_exercises(course, ["batch_norm"])] == [True]
    assert {file.name for file in course.iterdir()} == before
    assert open_course(course).state("batch_norm") == "passed"
    write(course, "batch_norm", solution("batch_norm") + "\n")
    assert open_course(course).state("batch_norm") == "changed since"
    reset(course, "batch_norm")
    assert open_course(course).state("batch_norm") == "not begun"
    assert (course / "02_batch_norm.py.old").read_text() == solution("batch_norm") + "\n"
    write(course, "batch_norm", WRONG)
    reset(course, "batch_norm")
    assert (course / "02_batch_norm.py.old2").read_text() == WRONG


def test_hints_come_in_three_steps_and_the_last_one_again(course: Path) -> None:
    hints = [next_hint(course, "batch_norm") for _ in range(4)]
    assert [hint.step for hint in hints] == [1, 2, 3, 3]
    assert [hint.text for hint in hints[:3]] == list(task("batch_norm").hints)


def test_a_solution_passes_as_it_is_shown_and_is_noted(course: Path, workshop: Workshop) -> None:
    text = show_solution(course, "batch_norm")
    assert "fill in" not in text
    assert workshop.check("batch_norm", text.encode(), "shown.py").passed
    assert open_course(course).progress() == {"batch_norm": {"solution_shown": True}}


@pytest.mark.parametrize("said", ["batch_norm", "02_batch_norm", "02_batch_norm.py", "2", "02"])
def test_an_exercise_goes_by_its_name_its_file_or_its_number(said: str) -> None:
    assert known(said) == "batch_norm"


def test_an_unknown_exercise_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean batch_norm"):
        known("batchnorm")


def test_a_renamed_file_is_missed_by_name_and_the_stranger_is_told(course: Path) -> None:
    (course / file_name("batch_norm")).rename(course / "my_norm.py")
    (result,) = check_exercises(course, ["batch_norm"])
    assert (result.passed, result.mistake, result.where) == (False, "missing-file", "file")
    assert "there is no 02_batch_norm.py\nrename my_norm.py to it" in result.message


@pytest.mark.parametrize("damage", ["{", "[]", '{"exercises": 3}'])
def test_damaged_progress_is_told_before_anything_runs(damage: str, course: Path) -> None:
    (course / "progress.json").write_text(damage)
    with pytest.raises(ResnetlabError, match=r"progress.json cannot be read"):
        check_exercises(course)


def test_the_whole_course_is_checked_in_its_order(course: Path, warm: None) -> None:
    write(course, "batch_norm", WRONG)
    results = list(check_exercises(course))
    assert [result.exercise for result in results] == list(COURSE)
    assert {result.mistake for result in results} == {"not-begun", "biased-running-variance"}


def test_watching_checks_what_is_saved_until_it_passes(course: Path, warm: None) -> None:
    saved = iter([WRONG, solution("batch_norm")])
    rounds = list(watch_exercises(course, ["batch_norm"], lambda: write(course, "batch_norm", next(saved))))
    assert [[result.passed for result in results] for results in rounds] == [[False], [True]]


def test_watching_goes_on_where_a_file_that_passed_is_reset_taken_away_and_put_back(course: Path, warm: None) -> None:
    place, right = course / file_name("batch_norm"), solution("batch_norm")

    def put_there(text: str) -> None:
        beside = place.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(place)

    write(course, "batch_norm", right)
    saved = iter(
        [
            lambda: reset(course, "batch_norm"),
            place.unlink,  # for a moment, as some editors do
            lambda: put_there(WRONG),
            place.unlink,
            lambda: None,
            lambda: put_there(right),
            lambda: write(course, "convolution_by_unfold", solution("convolution_by_unfold")),
        ]
    )
    rounds = watch_exercises(course, ["batch_norm", "convolution_by_unfold"], lambda: next(saved)())
    told = [[(result.exercise, result.passed, result.mistake) for result in results] for results in rounds]
    assert told == [
        [("batch_norm", True, None)],
        [("batch_norm", False, "biased-running-variance")],
        [("batch_norm", False, "missing-file")],
        [("batch_norm", True, None)],
        [("convolution_by_unfold", True, None)],
    ]


def test_watching_tells_of_damaged_progress_before_an_answer_runs(course: Path) -> None:
    (course / "progress.json").write_text("{")
    with pytest.raises(ResnetlabError, match=r"progress\.json"):
        next(watch_exercises(course, ["batch_norm"], lambda: None))


def test_a_reset_keeps_what_could_not_be_read_as_an_answer(course: Path) -> None:
    write(course, "batch_norm", "#" * 2_000_000)
    place = reset(course, "batch_norm")
    assert place.with_name(place.name + ".old").stat().st_size == 2_000_000


def test_scripts_get_the_fields_they_rely_on_and_an_exit_code(
    course: Path, warm: None, capsys: pytest.CaptureFixture[str]
) -> None:
    write(course, "convolution_by_unfold", solution("convolution_by_unfold"))
    write(course, "batch_norm", WRONG)
    assert main(["exercises", "check", str(course), "1", "2", "--json"]) == 1
    results = json.loads(capsys.readouterr().out)
    assert [list(result) for result in results] == [FIELDS, FIELDS]
    assert [result["mistake"] for result in results] == [None, "biased-running-variance"]
    assert main(["exercises", "check", str(course), "1", "--json"]) == 0
    assert main(["exercises", "check", str(course), "nothing", "--json"]) == 2
    assert main(["exercises", "check", str(course.parent), "1", "--json"]) == 2


def test_what_is_said_fits_eighty_columns_and_has_no_colour_in_a_file(
    course: Path, warm: None, capsys: pytest.CaptureFixture[str]
) -> None:
    write(course, "batch_norm", WRONG)
    main(["exercises", "check", str(course)])
    main(["exercises", "list", str(course)])
    main(["exercises", "hint", str(course), "2"])
    said = capsys.readouterr().out.replace(str(course), "course")
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_the_list_stands_in_columns(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(course, "batch_norm", WRONG)
    main(["exercises", "list", str(course)])
    rows = capsys.readouterr().out.splitlines()[: len(COURSE)]
    titles = {row.index(task(name).title.split()[0], len(name) + 6) for row, name in zip(rows, COURSE, strict=True)}
    states = {max(row.rfind("  not begun"), row.rfind("  begun")) for row in rows}
    assert (len(titles), len(states)) == (1, 1)


def test_colour_comes_where_there_is_a_terminal(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    main(["exercises", "list", str(course)])
    assert "\x1b[" in capsys.readouterr().out
