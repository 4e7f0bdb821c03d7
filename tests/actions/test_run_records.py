"""What a run writes down can be read by others, holds no times where it is compared, and can be cut back exactly."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from resnetlab.actions.runs.records import Log, Metrics, Summary, read_lines, read_summary
from resnetlab.core.errors import OutputError
from resnetlab.training.events import EpochDone, Several, StepDone


def step(number: int, loss: float = 0.1) -> StepDone:
    return StepDone(number, (number - 1) // 4 + 1, 0.1, loss, 32)


def epoch(number: int, seconds: float = 3.5, top1: float | None = 61.25, loss: float = 1 / 3) -> EpochDone:
    return EpochDone(number, 4 * number, 0.1, loss, top1 and 1.5, top1, seconds, 500.0, number == 2)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_metrics_have_a_line_every_so_many_steps_and_one_for_every_epoch(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path, every=3)
    for number in range(1, 9):
        metrics.on_step(step(number))
        if number % 4 == 0:
            metrics.on_epoch(epoch(number // 4))
    metrics.close()
    assert [(line["kind"], line["step"]) for line in lines(tmp_path)] == [
        ("step", 3),
        ("epoch", 4),
        ("step", 6),
        ("epoch", 8),
    ]
    assert lines(tmp_path)[1] == {
        "kind": "epoch",
        "epoch": 1,
        "step": 4,
        "lr": 0.1,
        "train_loss": 1 / 3,  # every bit of it
        "validation_loss": 1.5,
        "validation_top1": 61.25,
        "best": False,
    }


def test_runs_that_differ_in_speed_alone_have_the_same_metrics(tmp_path: Path) -> None:
    for name, seconds in (("slow", 100.0), ("fast", 1.0)):
        (tmp_path / name).mkdir()
        metrics = Metrics(tmp_path / name, every=1)
        metrics.on_step(step(1))
        metrics.on_epoch(epoch(1, seconds))
        metrics.close()
    assert (tmp_path / "slow/metrics.jsonl").read_bytes() == (tmp_path / "fast/metrics.jsonl").read_bytes()


def test_metrics_cut_back_to_a_checkpoint_go_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir(), (tmp_path / "cut").mkdir()
    whole, before = Metrics(tmp_path / "whole", every=1), Metrics(tmp_path / "cut", every=1)
    for number in range(1, 7):
        whole.on_step(step(number))
    for number in range(1, 4):
        before.on_step(step(number))
    length = before.length()
    before.on_step(step(4, loss=99.0))  # after the checkpoint
    before.close()
    after = Metrics(tmp_path / "cut", every=1)
    assert after.truncate(length) is None
    for number in range(4, 7):
        after.on_step(step(number))
    whole.close(), after.close()
    assert (tmp_path / "cut/metrics.jsonl").read_bytes() == (tmp_path / "whole/metrics.jsonl").read_bytes()


def test_metrics_that_are_shorter_than_at_the_checkpoint_are_told_and_stay_readable(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path, every=1)
    metrics.on_step(step(1))
    length = metrics.length()
    metrics.on_step(step(2))
    full = metrics.length()
    metrics.close()
    os.truncate(tmp_path / "metrics.jsonl", length + 5)
    metrics = Metrics(tmp_path, every=1)
    assert "metrics.jsonl has" in str(metrics.truncate(full))
    metrics.on_step(step(3))
    metrics.close()
    assert [line["step"] for line in lines(tmp_path)] == [1, 3]


KILLED = """
import os, signal, sys
from pathlib import Path
from resnetlab.actions.runs.records import Metrics
from resnetlab.training.events import StepDone
metrics = Metrics(Path(sys.argv[1]), every=1)
for step in range(1, 11):
    metrics.on_step(StepDone(step, 1, 0.1, 0.5, 32))
print(metrics.length(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_loses_nothing_that_a_checkpoint_relies_on(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "metrics.jsonl").stat().st_size == int(killed.stdout)
    assert len(lines(tmp_path)) == 10


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_null(tmp_path: Path, value: float) -> None:
    metrics = Metrics(tmp_path, every=1)
    metrics.write({"loss": value, "layers": [{"std": value}], "finite": 1.0})
    metrics.close()
    assert lines(tmp_path) == [{"loss": None, "layers": [{"std": None}], "finite": 1.0}]


def test_a_line_that_a_kill_cut_short_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"a": 1}\n{"a": 2')
    assert list(read_lines(tmp_path / "metrics.jsonl")) == [{"a": 1}]


def test_the_summary_is_a_table_that_others_read(tmp_path: Path) -> None:
    summary = Summary(tmp_path)
    for number in (1, 2):
        summary.on_epoch(epoch(number))
    with (tmp_path / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["train_loss"]) == 1 / 3
    assert (rows[0]["seconds"], rows[0]["images_per_second"]) == ("3.5", "500.0")
    assert [row["best"] for row in rows] == ["False", "True"]


def test_without_validation_its_cells_are_empty(tmp_path: Path) -> None:
    Summary(tmp_path).on_epoch(epoch(1, top1=None))
    assert read_summary(tmp_path / "summary.csv")[0]["validation_top1"] is None
    assert ",,," in (tmp_path / "summary.csv").read_text()


def test_a_resumed_summary_keeps_the_epochs_that_are_done_as_they_were(tmp_path: Path) -> None:
    first = Summary(tmp_path)
    for number in (1, 2, 3):
        first.on_epoch(epoch(number))
    whole = (tmp_path / "summary.csv").read_text()
    Summary(tmp_path, epochs=2).on_epoch(epoch(3))
    assert (tmp_path / "summary.csv").read_text() == whole


def test_a_new_run_in_an_old_folder_forgets_the_old_summary(tmp_path: Path) -> None:
    Summary(tmp_path).on_epoch(epoch(7))
    Summary(tmp_path).on_epoch(epoch(1))
    assert [row["epoch"] for row in read_summary(tmp_path / "summary.csv")] == [1]


def test_every_line_of_the_log_has_its_time_and_survives_a_resume(tmp_path: Path) -> None:
    for text in ("one\ntwo", "three \udcff"):  # the last is a file's name that is no text
        log = Log(tmp_path)
        log.say(text)
        log.close()
    written = (tmp_path / "log.txt").read_text().splitlines()
    assert [re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (.+)", line)[1] for line in written] == [
        "one",
        "two",
        r"three \udcff",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_an_error_of_three_lines(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    metrics = Metrics(tmp_path, every=1)
    metrics.on_step(step(1))
    with pytest.raises(OutputError, match=os.strerror(errno.ENOSPC)) as told:
        metrics.length()
    assert len(str(told.value).splitlines()) <= 3
    with pytest.raises(OutputError):
        metrics.close()


def test_the_document_names_every_key() -> None:
    told = set(re.findall(r"`(\w+)`", (Path(__file__).parents[2] / "docs" / "run_folder.md").read_text()))
    events = {field.name for event in (StepDone, EpochDone) for field in fields(event)}
    of_probes = {"step", "images", "batch", "layers", "name", "kind", "mean", "std", "dead", "gradient"}
    assert (events | of_probes | {"parameter_gradient"}) - told == set()


def test_several_observers_are_told_in_their_order() -> None:
    told: list[tuple[str, object]] = []

    class Telling:
        def __init__(self, name: str) -> None:
            self.name = name

        def on_step(self, event: StepDone) -> None:
            told.append((self.name, event))

        def on_epoch(self, event: EpochDone) -> None:
            told.append((self.name, event))

    both = Several([Telling("a"), Telling("b")])
    both.on_step(step(1))
    both.on_epoch(epoch(1))
    assert told == [("a", step(1)), ("b", step(1)), ("a", epoch(1)), ("b", epoch(1))]
