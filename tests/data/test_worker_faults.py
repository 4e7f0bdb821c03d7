"""A worker that dies, raises or hangs ends training soon, with the image it was at; nothing is left running."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from resnetlab.core.errors import ImageError
from resnetlab.data import streaming
from resnetlab.data.batches import Batches, Delivery, training_batches
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.preparation import Place
from resnetlab.data.watch import LOOK_EVERY, PATIENCE, WorkerWatch
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import Preprocessing

COUNT, BAD = 64, 37
HOW = Preprocessing(8, 8, (0.5,), (0.5,))
FILES = tuple(Path("photos", f"{number:02}.jpg") for number in range(COUNT))
MOST_SECONDS = 30


def exits() -> None:
    os._exit(1)


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def raises() -> None:
    raise ZeroDivisionError("by a reader of one's own")


def hangs() -> None:
    time.sleep(3600)


FAULTS: dict[str, tuple[Callable[[], None], str]] = {
    "exits": (exits, "a process that reads images died at photos/37.jpg"),
    "is killed": (is_killed, "a process that reads images died at photos/37.jpg"),
    "raises": (raises, "photos/37.jpg cannot be read: ZeroDivisionError: by a reader of one's own"),
    "hangs": (hangs, "a process that reads images hangs, .* at photos/37.jpg"),
}


def images(fault: Callable[[], None]) -> LabelledImages:
    def read(at: int) -> torch.Tensor:
        if at == BAD:
            fault()
        return torch.full((1, 8, 8), at, dtype=torch.uint8)

    return LabelledImages("photos", "train", ("cat", "dog"), [at % 2 for at in range(COUNT)], read, files=FILES)


def batches(fault: Callable[[], None], workers: int, seed: int = 0) -> Batches:
    delivery = Delivery(HOW, 8, Place("cpu"), workers=workers)
    return training_batches(images(fault), delivery, Augmentation(), seed=seed)


def fails_soon(name: str, workers: int, seed: int = 0) -> None:
    fault, said = FAULTS[name]
    before = set(multiprocessing.active_children())  # of other tests
    began = time.monotonic()
    with pytest.raises(ImageError, match=said) as caught:
        list(batches(fault, workers, seed).epoch(0))
    assert time.monotonic() - began < MOST_SECONDS
    assert len(str(caught.value).splitlines()) <= 3
    del caught
    deadline = time.monotonic() + 5
    while set(multiprocessing.active_children()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not set(multiprocessing.active_children()) - before


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_the_image(name: str, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "WorkerWatch", partial(WorkerWatch, patience=1.0, look_every=0.3))
    fails_soon(name, workers)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", ["exits", "raises", "hangs"])
def test_thirty_faults_are_told_within_thirty_seconds(name: str, seed: int) -> None:
    fails_soon(name, 2, seed)


def test_the_patience_leaves_time_to_tell() -> None:
    assert PATIENCE + LOOK_EVERY < MOST_SECONDS


def test_an_error_of_a_reader_is_the_same_without_workers() -> None:
    with pytest.raises(ImageError, match=FAULTS["raises"][1]) as caught:
        list(batches(raises, 0).epoch(0))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_what_led_to_an_error_in_a_worker_can_be_read() -> None:
    with pytest.raises(ImageError) as caught:
        list(batches(raises, 1).epoch(0))
    assert "in raises" in "".join(caught.value.__notes__)


def test_slow_images_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "WorkerWatch", partial(WorkerWatch, patience=1.0, look_every=0.2))
    found = list(batches(partial(time.sleep, 0.8), 2).epoch(0))
    assert len(found) == COUNT // 8


def test_a_signal_to_all_processes_does_not_end_the_workers() -> None:
    before = set(multiprocessing.active_children())
    stream = batches(partial(time.sleep, 0.01), 2).epoch(0)
    for _ in range(2):  # one from each, so that both are at work
        next(stream)
    for child in set(multiprocessing.active_children()) - before:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(child.pid or 0, number)
    assert len(list(stream)) == COUNT // 8 - 2


def test_a_fault_leaves_the_programs_own_signals_alone() -> None:
    before = signal.getsignal(signal.SIGCHLD)
    list(batches(partial(time.sleep, 0), 1).epoch(0))
    assert signal.getsignal(signal.SIGCHLD) is before


LEAVES_EARLY = """
import sys
from test_worker_faults import batches
stream = batches(lambda: None, 2).epoch(0)
next(stream)
kept = [stream, batches(lambda: None, 2)]
list(kept[1].epoch(0))
print("done")
"""


def test_a_program_ends_at_once_with_workers_still_there() -> None:
    began = time.monotonic()
    said = subprocess.run(
        [sys.executable, "-c", LEAVES_EARLY], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "done\n", "")
    assert time.monotonic() - began < MOST_SECONDS
