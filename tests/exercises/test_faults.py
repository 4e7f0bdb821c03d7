"""Whatever an answer does, it gets an answer: one clear message, in bounded time."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import cast

import pytest

from resnetlab.core.errors import ResnetlabError
from resnetlab.exercises import running
from resnetlab.exercises.course import solution
from resnetlab.exercises.unfinished import what_ended
from resnetlab.exercises.workshop import Result, Workshop

pytestmark = pytest.mark.xdist_group("exercises")
HEAD = "import os, sys, time, torch\n\n\ndef convolution(x, weight, bias, stride, padding):\n"
RIGHT = "torch.nn.functional.conv2d(x, weight, bias, stride, padding)"
BODIES = {
    # name: (body of the function, slug, part of the message)
    "an endless loop": ("while True: pass", "endless-loop", "has not ended after 4 seconds"),
    "sleep": ("time.sleep(1000)", "waits", "does nothing"),
    "os._exit": ("os._exit(0)", "exits", "with status 0"),
    "sys.exit": ("sys.exit(3)", "exits", "with status 3"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "crash", "signal 11"),
    "abort": ("os.abort()", "crash", "signal 6"),
    "10 GB of a tensor": ("return torch.zeros(10 << 30, dtype=torch.uint8)", "memory", "2 GB"),
    "10 GB of a list": ("return [0] * (10 << 27)", "memory", "2 GB"),
    "a question to the keyboard": ("return input('?')", "reads-input", "asks the keyboard"),
    "a fork": ("os.fork()", "starts-processes", "starts another process"),
    "a process by its own way": (
        "from multiprocessing.util import spawnv_passfds as spawn; spawn('/bin/true', [b'true'], [])",
        "starts-processes",
        "starts another process",
    ),
    "a shell": ("os.system('true')", "starts-processes", "starts another process"),
    "memory, bit by bit": ("a = []\nwhile True: a.append(torch.empty(10**8))", "memory", "2 GB"),
    "no gradient": (f"with torch.no_grad(): return {RIGHT}", "no-gradient-at-all", "no gradient comes through"),
    "recursion": ("return convolution(x, weight, bias, stride, padding)", "endless-recursion", "calls itself"),
    "a stub": ("raise NotImplementedError", "not-begun", "not written yet (line 5)"),
    "nothing given back": ("pass", "wrong-type", "y is None, and a tensor is meant"),
    "a list given back": (f"return {RIGHT}.tolist()", "wrong-type", "y is a list, and a tensor is meant"),
    "NaN": (f"return {RIGHT} * float('nan')", "not-a-number", "is nan, and"),
    "an error": ("return x / zero", "raises", "NameError at line 5: name 'zero' is not defined"),
    "the library": ("import resnetlab", "raises", "resnetlab is not to be used in this exercise"),
}
FILES = {
    "no Python": (b"def convolution(:\n", "syntax-error", "line 1 is no Python"),
    "no text": (b"\xff\xfe\x00d", "not-text", "is no text in UTF-8"),
    "a null": (b"x = 1\x00\n", "syntax-error", ""),
    "nothing in it": (b"", "missing-function", "defines no convolution"),
    "another name": (b"def convolution2(x): pass\n", "missing-function", "convolution2 is there: rename it"),
    "a loop as it loads": (b"while True: pass\n", "endless-loop", "as the file is loaded"),
    "an end as it loads": (b"raise SystemExit(0)\n", "exits", "as the file is loaded"),
    "an error as it loads": (b"import nothing_like_it\n", "raises", "ModuleNotFoundError at line 1"),
}


def checked(workshop: Workshop, body: str) -> Result:
    return workshop.check("convolution_by_unfold", (HEAD + textwrap.indent(body, "    ") + "\n").encode(), "answer.py")


@pytest.mark.parametrize("kind", BODIES)
def test_whatever_a_function_does_is_an_answer(kind: str, workshop: Workshop) -> None:
    body, slug, message = BODIES[kind]
    result = checked(workshop, body)
    assert (result.passed, result.mistake) == (False, slug), result.message
    assert message in result.message


def test_what_works_and_sleeps_by_turns_is_ended_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "WALL_SECONDS", 0.5)
    reading, writing = os.pipe()
    by_turns = "import time\nwhile True: sum(range(10_000)); time.sleep(0.01)"
    with subprocess.Popen([sys.executable, "-c", by_turns], pass_fds=(writing,)) as process:
        os.close(writing)
        said, ended = running._follow(process.pid, reading)
        process.kill()
    os.close(reading)
    assert (said, ended) == (b"", "clock")
    told = what_ended({"fault": None, "ended": ended, "at": 0, "seen": []}, ["a case"], 4)
    assert told is not None
    assert (told[0], "a minute (a case)" in told[2], "loop" in told[2]) == ("too-slow", True, False)


@pytest.mark.parametrize("kind", FILES)
def test_whatever_a_file_is_is_an_answer(kind: str, workshop: Workshop) -> None:
    source, slug, message = FILES[kind]
    result = workshop.check("convolution_by_unfold", source, "answer.py")
    assert (result.passed, result.mistake, result.where in ("file", "run")) == (False, slug, True), result.message
    assert message in result.message


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_of_other_systems_do_not_matter(ends: str, mark: bytes, workshop: Workshop) -> None:
    source = mark + (HEAD + f"    return {RIGHT}\n").replace("\n", ends).encode()
    assert workshop.check("convolution_by_unfold", source, "answer.py").passed


def test_what_nobody_foresaw_fails_in_its_place_with_the_smallest_input(workshop: Workshop) -> None:
    result = checked(workshop, f"y = {RIGHT}\nreturn y + 0.01 if stride == 3 and x.shape[1] > 1 else y")
    assert (result.passed, result.mistake, result.where) == (False, None, "output")
    assert result.message.startswith("wrong in the output")
    assert "x (1, 2, 4, 4), weight (1, 2, 1, 1), stride 3, padding 0" in result.message


NO_MODULE = {
    # exercise, what is changed in its solution, the mistake, part of the message
    "nothing": (
        "projection_shortcut",
        "return nn.Identity()",
        "return None",
        "wrong-type",
        "shortcut is None, and an",
    ),
    "a list": (
        "assembling_stages",
        "return nn.Sequential(*stages)",
        "return stages",
        "wrong-type",
        "stages is a list",
    ),
    "lists in a list": (
        "cifar_resnet20",
        "self.stages = nn.Sequential(*blocks)",
        "self.stages = [blocks[:3], blocks[3:]]",
        "not-registered",
        "the modules in self.stages stand in a plain list",
    ),
    "a list inside": (
        "cifar_resnet20",
        "self.stages = nn.Sequential(*blocks)",
        "self.stages = blocks",
        "not-registered",
        "the modules in self.stages stand in a plain list",
    ),
}


@pytest.mark.parametrize("kind", NO_MODULE)
def test_what_is_no_module_or_holds_modules_in_a_list_is_told(kind: str, workshop: Workshop) -> None:
    name, right, wrong, slug, message = NO_MODULE[kind]
    assert right in solution(name)
    result = workshop.check(name, solution(name).replace(right, wrong).encode(), "answer.py")
    assert (result.passed, result.mistake) == (False, slug), result.message
    assert message in result.message


COUNTS = """
def count_parameters(network, trainable_only):
    return GIVEN


def count_multiply_adds(network, image):
    return 0
"""


@pytest.mark.parametrize("given", ["10**400", "[" * 90 + "]" * 90, "'x' * 10**6", "float('inf')"])
def test_odd_things_given_back_are_an_answer(given: str, workshop: Workshop) -> None:
    result = workshop.check("counting", COUNTS.replace("GIVEN", given).encode(), "answer.py")
    assert (result.passed, result.where) == (False, "output"), result
    assert len(result.message) < 1000


def test_numpys_numbers_are_numbers(workshop: Workshop) -> None:
    source = solution("counting")
    for old, new in (("p.numel()", "np.prod(p.shape)"), ("import torch\n", "import numpy as np\nimport torch\n")):
        assert source.count(old) == 1
        source = source.replace(old, new)
    result = workshop.check("counting", source.encode(), "answer.py")
    assert result.passed, result.message


def test_folders_in_folders_without_end_are_cleared_away(workshop: Workshop) -> None:
    nest = "for _ in range(1100): os.mkdir('a'); os.chdir('a')"
    assert checked(workshop, f"{nest}\nreturn {RIGHT}").mistake != "crash"
    assert not [one for one in workshop.folder.iterdir() if one.is_dir() and one.name.startswith("tmp")]
    assert checked(workshop, f"return {RIGHT}").passed


def test_a_wrong_gradient_is_told_from_a_wrong_output(workshop: Workshop) -> None:
    result = checked(workshop, f"return {RIGHT.replace('(x,', '(x + (x - x.detach()),')}")
    assert (result.passed, result.mistake, result.where) == (False, None, "gradient")


ELSEWHERE = {
    # place: exercise, what is changed in its solution, part of the message
    "buffers": ("batch_norm", "alpha=momentum", "alpha=momentum * 1.1", "running_mean[0] is"),
    "mode": (
        "basic_block",
        "return F.relu(y + x)",
        "self.eval(); return F.relu(y + x)",
        "in training after a pass: no",
    ),
    "gradient": ("basic_block", "return F.relu(y + x)", "return F.relu(y + x.clone().detach() * 2 - x)", ""),
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_what_nobody_foresaw_is_located(place: str, workshop: Workshop) -> None:
    name, right, wrong, message = ELSEWHERE[place]
    result = workshop.check(name, solution(name).replace(right, wrong).encode(), "answer.py")
    assert (result.passed, result.mistake, result.where) == (False, None, place), result.message
    assert result.message.startswith(f"wrong in the {place}")
    assert message in result.message


def test_a_fault_of_ours_is_not_told_as_the_learners(workshop: Workshop) -> None:
    answer, many = solution("batch_norm").encode(), cast(int, "many")
    with pytest.raises(ResnetlabError, match="a fault of resnetlab's"):
        workshop.check("batch_norm", answer, "answer.py", trials=many)
    assert workshop.check("batch_norm", answer, "answer.py").passed


def test_layers_that_cannot_be_compared_are_named(workshop: Workshop) -> None:
    source = solution("basic_block").replace("self.bn2 = nn.BatchNorm2d(channels)", "self.bn2 = nn.LayerNorm(4)")
    result = workshop.check("basic_block", source.encode(), "answer.py")
    assert (result.passed, result.mistake) == (False, "raises")
    assert "the parameter bn2.weight stands in no nn.Conv2d, nn.BatchNorm2d or nn.Linear" in result.message


def test_what_an_answer_prints_is_kept_for_the_learner(workshop: Workshop) -> None:
    result = checked(workshop, f"print('seen', x.shape)\nreturn {RIGHT}")
    assert result.passed
    assert result.printed.startswith("seen torch.Size(")


def test_an_answer_that_starts_a_process_by_force_leaves_none(workshop: Workshop, tmp_path: Path) -> None:
    body = (
        "import ctypes\n"
        "pid = ctypes.CDLL(None).fork()\n"
        "if pid == 0:\n"
        "    os.setsid()\n"
        "    time.sleep(1000)\n"
        "print('started', pid)\n"
        f"return {RIGHT}"
    )
    result = checked(workshop, body)
    assert result.passed
    started = [int(line.split()[1]) for line in result.printed.splitlines()]
    assert started
    assert not any(os.path.exists(f"/proc/{pid}") for pid in started)
