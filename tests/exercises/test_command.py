"""The command as it is typed: in a process of its own, and how long that takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resnetlab.exercises.course import file_name, solution
from resnetlab.exercises.folder import start

MOST_SECONDS = 5.0  # of one core, for one check, with PyTorch's import


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process took")
@pytest.mark.parametrize("name", ["resnet50", "freezing"])  # the largest network, and PyTorch's own late imports
def test_a_slow_check_takes_under_five_seconds_of_a_core_with_the_import_of_torch(name: str, tmp_path: Path) -> None:
    start(tmp_path / "course")
    (tmp_path / "course" / file_name(name)).write_text(solution(name), encoding="utf-8")
    command = [sys.executable, "-m", "resnetlab", "exercises", "check", "course", name, "--json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert json.loads(said)[0]["passed"]
    # Processor time: what waits for other programs on the machine does not count.
    assert used.ru_utime + used.ru_stime < MOST_SECONDS


def test_ctrl_c_ends_a_watch_without_a_word(tmp_path: Path) -> None:
    start(tmp_path / "course")
    # Who runs tests in the background may have told all processes to ignore Ctrl-C.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from resnetlab.cli import main; raise SystemExit(main(['exercises', 'watch', 'course']))"
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("watching")
        time.sleep(1)  # by then it waits for the next save
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, said) == (130, "")
