"""The command as it is typed: in a process of its own, and how long that takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resnetlab.exercises.course import file_name, solution
from resnetlab.exercises.folder import start

MOST_SECONDS = 5.0  # of one core, for one check, with PyTorch's import


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process took")
def test_the_slowest_check_takes_under_five_seconds_of_a_core_with_the_import_of_torch(tmp_path: Path) -> None:
    start(tmp_path / "course")
    (tmp_path / "course" / file_name("resnet50")).write_text(solution("resnet50"), encoding="utf-8")
    command = [sys.executable, "-m", "resnetlab", "exercises", "check", "course", "resnet50", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert json.loads(said)[0]["passed"]
    # Processor time: what waits for other programs on the machine does not count.
    assert used.ru_utime + used.ru_stime < MOST_SECONDS
