"""One writer for each folder: of two that race one is refused, and a killed one leaves nothing locked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resnetlab.core.errors import OutputError
from resnetlab.core.locks import locked

RACER = """
import sys, time
from pathlib import Path
from resnetlab.core.errors import OutputError
from resnetlab.core.locks import locked
for race in range(int(sys.argv[2])):
    folder = Path(sys.argv[1]) / str(race)
    while not (folder / "go").exists():
        time.sleep(0.001)
    try:
        with locked(folder):
            (folder / f"entered-{sys.argv[3]}").touch()
            while len(list(folder.glob("entered-*"))) + len(list(folder.glob("refused-*"))) < 2:
                time.sleep(0.001)
    except OutputError:
        (folder / f"refused-{sys.argv[3]}").touch()
"""
RACES = 20


def test_of_two_that_race_one_enters_and_one_is_refused(tmp_path: Path) -> None:
    for race in range(RACES):
        (tmp_path / str(race)).mkdir()
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, str(tmp_path), str(RACES), name]) for name in ("one", "other")
    ]
    for race in range(RACES):
        (tmp_path / str(race) / "go").touch()
    assert [racer.wait(60) for racer in racers] == [0, 0]
    for race in range(RACES):
        names = {path.name.partition("-")[0] for path in (tmp_path / str(race)).iterdir() if "-" in path.name}
        assert names == {"entered", "refused"}


def test_a_killed_writer_leaves_the_folder_free(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from resnetlab.core.locks import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('in', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "in\n"
    with pytest.raises(OutputError, match="another run is writing"), locked(tmp_path):
        pass
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    with locked(tmp_path):
        pass
