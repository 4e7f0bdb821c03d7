"""A checkpoint is whole or not there: after a kill, on a full disk, and where bits were flipped."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from resnetlab.core.errors import CheckpointError, OutputError
from resnetlab.training.checkpoints import (
    forget_best_after,
    load_checkpoint_file,
    load_last,
    replace_last,
    save_checkpoint,
)

SAVES_FOR_EVER = """
import sys, torch
from pathlib import Path
from resnetlab.training.checkpoints import save_checkpoint
step = int(sys.argv[2])
print("ready", flush=True)
while True:
    step += 1
    save_checkpoint(Path(sys.argv[1]), {"step": step, "model": {"weight": torch.full((250_000,), float(step))}})
    print(step, flush=True)
"""


def content(step: int) -> dict[str, Any]:
    return {"step": step, "model": {"weight": torch.full((1000,), float(step))}}


def is_whole(checkpoint: dict[str, Any]) -> bool:
    return bool((checkpoint["model"]["weight"] == checkpoint["step"]).all())


def test_last_previous_and_best_are_what_their_names_say(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, content(step), best=step == 2)
    steps = {
        name: load_checkpoint_file(tmp_path / "checkpoints" / f"{name}.pt")["step"]
        for name in ("last", "previous", "best")
    }
    assert steps == {"last": 3, "previous": 2, "best": 2}
    assert load_last(tmp_path).remark is None


def test_the_best_of_steps_that_are_done_again_is_forgotten(tmp_path: Path) -> None:
    for step in (1, 2):
        save_checkpoint(tmp_path, content(step), best=True)
    best = tmp_path / "checkpoints" / "best.pt"
    forget_best_after(tmp_path, 2)
    assert best.exists()
    forget_best_after(tmp_path, 1)
    assert not best.exists()


def kills(count: int, folder: Path) -> tuple[int, int]:
    """How often a process that saves was killed at a random moment, and how often no whole checkpoint was left."""
    chance, lost, done = random.Random(0), 0, 0
    newest = 0
    while done < count:
        process = subprocess.Popen(
            [sys.executable, "-c", SAVES_FOR_EVER, str(folder), str(newest)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        reported = int(process.stdout.readline())
        time.sleep(chance.uniform(0, 0.05))
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        reported = max([reported, *(int(line) for line in rest.splitlines() if line.strip().isdecimal())][-1:])
        found = load_last(folder)
        lost += not (is_whole(dict(found.content)) and found.content["step"] >= reported)
        newest, done = found.content["step"], done + 1
    return done, lost


def test_a_kill_in_a_save_loses_nothing(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, content(0))
    assert kills(3, tmp_path) == (3, 0)


@pytest.mark.full
def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, content(0))
    assert kills(200, tmp_path) == (200, 0)


@pytest.mark.parametrize("call", ["link", "fsync", "replace", "write_bytes"])
def test_a_full_disk_leaves_the_old_checkpoints_and_no_other_file(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (1, 2):
        save_checkpoint(tmp_path, content(step))
    before = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os if call in ("link", "fsync") else Path, call, full)
    if call == "link":  # then a copy is tried, which fails as well
        monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OutputError, match="No space left on device"):
        save_checkpoint(tmp_path, content(3))
    monkeypatch.undo()
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == before
    assert load_last(tmp_path).content["step"] == 2


SAVES_ON_A_SMALL_DISK = """
import resource, signal, sys, torch
from pathlib import Path
from resnetlab.core.errors import OutputError
from resnetlab.training.checkpoints import save_checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    save_checkpoint(Path(sys.argv[1]), {"step": 9, "model": {"weight": torch.zeros(250_000)}})
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 100, 65_536, 999_000])
def test_a_file_that_finds_no_more_room_is_an_error_of_ours(room: int, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, content(1))
    small_disk = [sys.executable, "-c", SAVES_ON_A_SMALL_DISK, str(tmp_path), str(room)]
    said = subprocess.run(small_disk, capture_output=True, text=True, check=True).stdout
    assert "last.pt cannot be written: File too large" in said
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["last.pt", "previous.pt"]
    assert load_last(tmp_path).content["step"] == 1


def damaged(path: Path, count: int, kind: str) -> int:
    """How often a damaged checkpoint was read as if it were whole, with other content than was saved."""
    whole, chance, silent = path.read_bytes(), random.Random(1), 0
    true = load_checkpoint_file(path)
    for number in range(count):
        spoiled = bytearray(whole)
        if kind == "cut":
            del spoiled[len(whole) * number // count :]
        else:
            spoiled[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(spoiled))
        try:
            read = load_checkpoint_file(path)
        except CheckpointError:
            continue
        silent += not (read["step"] == true["step"] and torch.equal(read["model"]["weight"], true["model"]["weight"]))
    path.write_bytes(whole)
    return silent


@pytest.mark.parametrize(("kind", "count"), [("cut", 40), ("flip", 150)])
def test_damage_is_found(kind: str, count: int, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, content(7))
    assert damaged(tmp_path / "checkpoints" / "last.pt", count, kind) == 0


@pytest.mark.full
@pytest.mark.parametrize(("kind", "count"), [("cut", 200), ("flip", 1000)])
def test_damage_of_every_kind_is_found(kind: str, count: int, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, content(7))
    assert damaged(tmp_path / "checkpoints" / "last.pt", count, kind) == 0


def test_where_the_last_is_damaged_the_previous_is_taken_and_told(tmp_path: Path) -> None:
    for step in (1, 2):
        save_checkpoint(tmp_path, content(step))
    last = tmp_path / "checkpoints" / "last.pt"
    last.write_bytes(last.read_bytes()[:-100])
    found = load_last(tmp_path)
    assert found.content["step"] == 1
    assert found.remark is not None
    assert "last.pt" in found.remark
    assert "of step 1" in found.remark


def test_a_damaged_last_does_not_become_the_previous(tmp_path: Path) -> None:
    for step in (1, 2):
        save_checkpoint(tmp_path, content(step))
    last = tmp_path / "checkpoints" / "last.pt"
    last.unlink()  # it shares its bytes with nothing, but a file that is written over would
    last.write_bytes(b"spoiled")
    replace_last(tmp_path, load_last(tmp_path))
    save_checkpoint(tmp_path, content(3))
    last.unlink()
    last.write_bytes(b"spoiled again")
    assert load_last(tmp_path).content["step"] == 1


def test_where_a_save_of_the_best_is_stopped_half_way_the_epoch_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, content(1), best=True)

    def full_for_last(source: Path, place: Path) -> None:
        if ".last" in place.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.link(source, place)

    monkeypatch.setattr("resnetlab.training.checkpoints._same_file", full_for_last)
    with pytest.raises(OutputError):
        save_checkpoint(tmp_path, content(2), best=True)
    assert load_last(tmp_path).content["step"] == 1
    assert load_checkpoint_file(tmp_path / "checkpoints" / "best.pt")["step"] == 2


def test_without_a_whole_one_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="has no checkpoint to go on from"):
        load_last(tmp_path)
    save_checkpoint(tmp_path, content(1))
    (tmp_path / "checkpoints" / "last.pt").write_bytes(b"")
    with pytest.raises(CheckpointError, match="is whole"):
        load_last(tmp_path)


def test_weights_alone_are_no_checkpoint(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "net.pt")
    with pytest.raises(CheckpointError, match="weights alone"):
        load_checkpoint_file(tmp_path / "net.pt")
