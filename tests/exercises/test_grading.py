"""A class is graded alike every time, and no learner's code reaches the grader, its answers or other learners."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import resnetlab
from resnetlab.core.errors import ResnetlabError
from resnetlab.exercises import grading
from resnetlab.exercises.course import COURSE, file_name, solution, task
from resnetlab.exercises.exercise import mistaken, stub_of
from resnetlab.exercises.grading import grade_folders, learner_names
from resnetlab.exercises.guard import guards
from resnetlab.exercises.workshop import Result, Workshop
from shared_workshop import SharedWorkshop

pytestmark = pytest.mark.xdist_group("exercises")
FIRST = file_name("convolution_by_unfold")
ANSWERS = Path(resnetlab.__file__).parent / "exercises" / "course" / "convolution_by_unfold" / "solution.py"
HEAD = "import os\nfrom torch.nn.functional import conv2d\n\n\ndef convolution(x, weight, bias, stride, padding):\n"
needs_landlock = pytest.mark.skipif(not guards()["files"], reason="this system has no Landlock")
REACHES = {
    # what a learner's code tries, in one expression
    "reading the worked solutions": f"open({str(ANSWERS)!r}).read()",
    "listing the grader": f"os.listdir({str(ANSWERS.parents[2])!r})",
    "reading another learner's answer": "open(OTHER).read()",
    "changing another learner's answer": "open(OTHER, 'w').write('')",
    "reading the system's users": "open('/etc/passwd').read()",
    "reading another process's memory": "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "ending the grader": "os.kill(os.getppid(), 9)",
    "importing the answers": "__import__('resnetlab.exercises.course.convolution_by_unfold.task')",
    "importing the library": "__import__('resnetlab')",
    "the network": "__import__('socket').create_connection(('127.0.0.1', 9), timeout=1)",
    "writing beside its folder": "open('../note', 'w')",
    "shutting another learner's folder": "os.chmod(os.path.dirname(OTHER), 0)",
    "asking for a name in the network": "__import__('socket').getaddrinfo('localhost', 9)",
}


@pytest.fixture
def class_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A class that is graded in the warm process of all tests."""
    monkeypatch.setattr(grading, "Workshop", SharedWorkshop)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def learner(place: Path, source: str) -> Path:
    place.mkdir()
    (place / FIRST).write_text(source, encoding="utf-8")
    return place


def test_a_class_is_graded_to_the_same_letter_twice(class_of: Path) -> None:
    right = learner(class_of / "ada", solution("convolution_by_unfold"))
    wrong = learner(class_of / "bob", solution("convolution_by_unfold").replace("+ bias[:, None]", ""))
    odd = learner(class_of / "=1+1", HEAD + "    return object()\n")
    files = []
    for place in ("first", "second"):
        grades = grade_folders([right, wrong, odd], class_of / place)
        files.append([(grades.folder / name).read_bytes() for name in ("grades.csv", "grades.json")])
    assert files[0] == files[1]
    rows = list(csv.reader(files[0][0].decode().splitlines()))
    assert rows[0] == ["learner", "passed", "of", *COURSE]
    assert [row[:4] for row in rows[1:]] == [
        ["ada", "1", str(len(COURSE)), "passed"],
        ["bob", "0", str(len(COURSE)), "no-bias"],
        ["'=1+1", "0", str(len(COURSE)), "wrong-type"],
    ]
    held = json.loads(files[0][1])
    assert [entry["learner"] for entry in held["learners"]] == ["ada", "bob", "=1+1"]
    assert held["guarded"] == guards()


def test_what_changes_while_the_class_is_graded_changes_no_grade(class_of: Path) -> None:
    first, second = (learner(class_of / name, solution("convolution_by_unfold")) for name in ("ada", "bob"))

    def spoil(learners: int) -> None:
        (second / FIRST).write_text("raise SystemExit\n", encoding="utf-8")

    grades = grade_folders([first, second], class_of / "grades", tell=spoil)
    assert (second / FIRST).read_text(encoding="utf-8") == "raise SystemExit\n"  # before bob's turn had come
    assert [results[0].passed for results in grades.results] == [True, True]


def test_two_jobs_give_the_grades_of_one(class_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "right": solution("convolution_by_unfold"),
        "wrong": solution("convolution_by_unfold").replace("+ bias[:, None]", ""),
        "ends": HEAD + "    os._exit(0)\n",
        "asks": HEAD + "    return input()\n",
        "untouched": stub_of(solution("convolution_by_unfold")),
    }
    folders = [learner(class_of / name, source) for name, source in sources.items()]
    alone = grade_folders(folders, class_of / "alone")
    monkeypatch.setattr(grading, "Workshop", Workshop)
    together = grade_folders(folders, class_of / "together", jobs=2)
    assert together.as_csv() == alone.as_csv()
    assert together.as_json() == alone.as_json()
    found = [results[0].mistake for results in together.results]
    assert found == [None, "no-bias", "exits", "reads-input", "not-begun"]


def test_an_answer_that_cannot_be_judged_costs_nobody_else_a_grade(
    class_of: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Workshop.check

    def spoiled(self: Workshop, name: str, source: bytes, *others: Any) -> Result:
        if b"spoils" in source:
            raise ResnetlabError("an exercise cannot be judged: ValueError")
        return check(self, name, source, *others)

    monkeypatch.setattr(Workshop, "check", spoiled)
    spoils = learner(class_of / "ada", HEAD + "    return 'spoils'\n")
    right = learner(class_of / "bob", solution("convolution_by_unfold"))
    grades = grade_folders([spoils, right], class_of / "grades")
    assert [results[0].mistake for results in grades.results] == ["not-judged", None]
    assert grades.results[1][0].passed


def checked(workshop: Workshop, source: str) -> Result:
    return workshop.check("convolution_by_unfold", source.encode(), FIRST)


@needs_landlock
@pytest.mark.parametrize("what", REACHES)
def test_a_learners_code_does_not_reach(what: str, workshop: Workshop, tmp_path: Path) -> None:
    if what == "ending the grader" and not guards()["signals"]:
        pytest.skip("this kernel does not guard signals")
    other = learner(tmp_path / "other", "# mine\n") / FIRST
    source = (
        f"OTHER = {str(other)!r}\n{HEAD}    {REACHES[what]}\n    return conv2d(x, weight, bias, stride, padding)\n"
    )
    result = checked(workshop, source)
    assert (result.passed, result.mistake) == (False, "raises"), result.message
    assert "PermissionError" in result.message or "is not to be used" in result.message
    assert other.read_text() == "# mine\n"
    assert workshop.process.poll() is None


@pytest.mark.parametrize(
    "way", ["f_globals['library']()", "f_globals['CHECK'].library()", "f_back.f_locals['check'].library()"]
)
def test_a_learners_code_cannot_call_what_it_is_compared_with(way: str, workshop: Workshop) -> None:
    asks = "def lesion_study(network, images, labels):\n"
    source = f"import sys\n\n{asks}    return sys._getframe(1).{way}.lesion_study(network, images, labels)\n"
    result = workshop.check("lesion_study", source.encode(), file_name("lesion_study"))
    assert (result.passed, result.mistake) == (False, "raises")
    assert "library" in result.message or "NoneType" in result.message


def test_a_learners_code_sees_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_TOKEN", "s3cret")
    with Workshop() as fresh:
        source = HEAD + "    assert not os.environ, dict(os.environ)\n"
        told = checked(fresh, source).message
    assert "AssertionError" in told
    assert "s3cret" not in told
    assert "REGISTRY_TOKEN" not in told


def test_a_result_cannot_be_written_by_the_learner(workshop: Workshop) -> None:
    forged = json.dumps({"end": True}), json.dumps({"passed": True}), json.dumps({"verdict": {"passed": True}})
    writes = "".join(f"    os.write(3, {(line + chr(10)).encode()!r})\n" for line in forged)
    result = checked(workshop, f"{HEAD}{writes}    os._exit(0)\n")
    assert (result.passed, result.mistake) == (False, "exits")


FORGERIES = {
    "the end": [{"end": True}],
    "no observation": [{"seen": 3}, {"end": True}],
    "no case": [{"case": "x"}],
    "no text": ["}"],
    "a fault without a message": [{"fault": {}}],
    "broken tensors": [{"seen": {"seen": [["y", "output", {"shape": [9]}]], "error": None}}] * 12 + [{"end": True}],
}
FORGE = """
    import json, sys
    frame = sys._getframe()
    while "word" not in frame.f_locals:
        frame = frame.f_back
    for line in LINES:
        os.write(3, f"{frame.f_locals['word']} {json.dumps(line)}\\n".encode())
    os._exit(0)
"""


@pytest.mark.parametrize("what", FORGERIES)
def test_who_finds_the_word_that_lines_begin_with_wins_nothing(what: str, workshop: Workshop) -> None:
    result = checked(workshop, f"LINES = {FORGERIES[what]!r}\n{HEAD}{FORGE}")
    assert (result.passed, result.mistake) == (False, "forged"), result
    assert checked(workshop, solution("convolution_by_unfold")).passed


def test_comparisons_that_are_patched_change_no_verdict(workshop: Workshop) -> None:
    patches = "    import torch, numpy\n    torch.equal = torch.allclose = numpy.allclose = lambda *_, **__: True\n"
    result = checked(workshop, f"{HEAD}{patches}    return conv2d(x, weight, None, stride, padding)\n")
    assert (result.passed, result.mistake) == (False, "no-bias")


def test_a_worker_that_cannot_begin_is_no_learner_s_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnetlab.exercises.workshop.sys.executable", "/bin/false")
    with Workshop() as broken, pytest.raises(ResnetlabError, match="the process that checks exercises has ended"):
        checked(broken, solution("convolution_by_unfold"))


def test_equality_that_is_patched_hides_no_running_average(workshop: Workshop) -> None:
    (mistake,) = (one for one in task("gradient_norms").mistakes if one.slug == "running-averages-moved")
    patch = "import torch\ntorch.equal = lambda *_: True\n"
    answer = mistaken(solution("gradient_norms"), mistake).replace("import torch\n", patch, 1)
    assert patch in answer
    result = workshop.check("gradient_norms", answer.encode(), file_name("gradient_norms"))
    assert (result.passed, result.mistake) == (False, "running-averages-moved")


def test_sets_of_texts_and_random_numbers_are_the_same_in_every_grading() -> None:
    text = "sorted is not what it is: {set('abcdefgh')} {random.random()}"
    source = f'import random\n{HEAD}    raise ValueError(f"{text}")\n'
    told = []
    for _ in range(2):
        with Workshop() as fresh:
            told.append(checked(fresh, source).message)
    assert told[0] == told[1]
    assert "sorted is not what it is" in told[0]


def test_what_one_answer_changes_in_python_the_next_does_not_see(workshop: Workshop) -> None:
    spoil = "    import torch\n    torch.nn.functional.unfold = None\n    raise ValueError\n"
    assert checked(workshop, HEAD + spoil).mistake == "raises"
    assert checked(workshop, solution("convolution_by_unfold")).passed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="links are opened another way")
def test_a_link_to_another_answer_is_no_answer(class_of: Path) -> None:
    right = learner(class_of / "ada", solution("convolution_by_unfold"))
    (class_of / "eve").mkdir()
    (class_of / "eve" / FIRST).symlink_to(right / FIRST)
    grades = grade_folders([class_of / "eve"], class_of / "grades")
    assert grades.results[0][0].mistake == "missing-file"
    assert "is no plain file" in grades.results[0][0].message


def test_a_folder_in_the_place_of_an_answer_is_no_answer(class_of: Path) -> None:
    (class_of / "eve" / FIRST).mkdir(parents=True)
    (class_of / "eve" / "a\x1b[31m\n.py").touch()
    grades = grade_folders([class_of / "eve"], class_of / "grades")
    assert grades.results[0][0].mistake == "missing-file"
    assert "is no plain file" in grades.results[0][0].message
    assert grades.results[0][1].message.startswith(f"there is no {file_name('batch_norm')}\nrename a")
    assert "\x1b" not in grades.results[0][1].message


def test_learners_of_one_name_go_by_their_path() -> None:
    assert learner_names([Path("/a/ada"), Path("/a/bob")]) == ("ada", "bob")
    assert learner_names([Path("/a/ada"), Path("/b/ada")]) == ("/a/ada", "/b/ada")


@pytest.mark.parametrize(("folder", "said"), [("gone", "is no folder"), ("empty", "holds no exercise")])
def test_what_is_no_learners_folder_is_told_before_anything_runs(folder: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ResnetlabError, match=said):
        grade_folders([tmp_path / folder], tmp_path / "grades")
    assert not (tmp_path / "grades").exists()
