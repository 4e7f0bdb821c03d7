"""The command as it is typed: in a process of its own, and how long that takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

from heard_commands import that_hears
from resnetlab.exercises.course import COURSE, file_name, solution
from resnetlab.exercises.folder import start

MOST_IMPORTS = 2.0  # that one check may take, of PyTorch and torchvision, in processor time
SLOW = ("resnet50", "lesion_study", "freezing", "shortcut_ablation")  # a large network, many passes, late imports
EVERY = [name if name in SLOW else pytest.param(name, marks=pytest.mark.full) for name in COURSE]


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process took")
@pytest.mark.parametrize("name", EVERY)
def test_a_check_takes_little_more_than_the_import_of_torch(name: str, tmp_path: Path) -> None:
    start(tmp_path / "course")
    (tmp_path / "course" / file_name(name)).write_text(solution(name), encoding="utf-8")
    command = [sys.executable, "-m", "resnetlab", "exercises", "check", "course", name, "--json"]
    said, taken = processor_seconds(command, tmp_path)
    assert json.loads(said)[0]["passed"]
    assert taken < MOST_IMPORTS * import_seconds()


@cache
def import_seconds() -> float:
    """Processor time of the import that other people's programs begin with."""
    return processor_seconds([sys.executable, "-c", "import torch, torchvision"], Path.cwd())[1]


def processor_seconds(command: list[str], folder: Path) -> tuple[str, float]:
    """What a command says, and its processor time: what waits for other programs on the machine does not count."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return said, used.ru_utime + used.ru_stime


def test_ctrl_c_ends_a_watch_without_a_word(tmp_path: Path) -> None:
    start(tmp_path / "course")
    command = that_hears("exercises", "watch", "course")
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("watching")
        time.sleep(1)  # by then it waits for the next save
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, said) == (130, "")
