"""What is seen of training: a live line on a terminal, a plain one for each epoch elsewhere, what to type next."""

from __future__ import annotations

import importlib.util
import io
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from resnetlab.actions.runs import tensorboard as run_tensorboard
from resnetlab.actions.runs.records import read_summary
from resnetlab.actions.runs.screen import Extent, Pace, Screen, epoch_words, step_words
from resnetlab.actions.runs.watch import Watch, last_words, next_commands
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.events import EpochDone, StepDone

COURSE = Extent(steps=10, steps_per_epoch=5)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def step(number: int) -> StepDone:
    return StepDone(number, (number - 1) // 5 + 1, 0.1, 1.5, 64)


def epoch(number: int, **other: Any) -> EpochDone:
    given = {"validation_loss": 0.75, "validation_top1": 61.25, "best": True} | other
    return EpochDone(number, 5 * number, 0.05, 1.25, seconds=75.0, images_per_second=1234.0, **given)


def run(watcher: Any, clock: Clock | None = None) -> None:
    for number in range(1, 11):
        if clock is not None:
            clock.now += 2.0
        watcher.on_step(step(number))
        if number % 5 == 0:
            if clock is not None:
                clock.now += 3.0
            watcher.on_epoch(epoch(number // 5))


def on_terminal(monkeypatch: pytest.MonkeyPatch, width: int = 120) -> io.StringIO:
    """A terminal in place of standard error."""
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=width, highlight=False)
    monkeypatch.setattr("resnetlab.actions.runs.screen.Console", lambda **options: console)
    return shown


def test_speed_and_time_left_count_steps_and_evaluations_alike() -> None:
    clock = Clock()
    pace = Pace(COURSE, clock)
    for number in range(1, 6):
        clock.now += 100.0 if number == 1 else 2.0  # the first step also compiles
        pace.step(64)
    assert pace.images_per_second == pytest.approx(32.0)
    assert pace.seconds_left(5) == pytest.approx(5 * 2.0)  # no evaluation has been seen yet
    clock.now += 7.0
    pace.epoch()
    clock.now += 2.0
    pace.step(64)
    assert pace.images_per_second == pytest.approx(32.0)  # the evaluation is no slow step
    assert pace.seconds_left(6) == pytest.approx(4 * 2.0 + 7.0)


def test_the_speed_follows_a_change_and_does_not_jump() -> None:
    clock = Clock()
    pace = Pace(Extent(10_000, 10_000), clock)
    for _ in range(200):
        clock.now += 0.1
        pace.step(10)
    clock.now += 1.0
    pace.step(10)
    after_one = pace.images_per_second
    for _ in range(200):
        clock.now += 1.0
        pace.step(10)
    assert after_one is not None
    assert 85 < after_one < 95
    assert pace.images_per_second == pytest.approx(10.0, rel=0.01)


def test_before_the_second_step_nothing_is_made_up() -> None:
    pace = Pace(COURSE, Clock())
    pace.step(64)
    assert step_words(step(1), COURSE, pace) == "epoch 1/2 · step 1/10 · loss 1.5000"


def test_a_pipe_gets_one_plain_line_for_each_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[str] = []
    with Screen(COURSE, kept.append) as screen:
        run(screen)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == kept
    assert len(kept) == 2
    assert kept[0].split("  ")[:4] == ["epoch 1/2", "loss 1.2500", "validation loss 0.7500", ["top-1", "61.25 %"][0]]
    assert "1,234 images/s" in kept[0]
    assert "1 min 15 s" in kept[0]
    assert kept[0].endswith("best")
    assert "\x1b" not in said.err


def test_without_validation_its_figures_are_not_there() -> None:
    words = epoch_words(epoch(1, validation_loss=None, validation_top1=None, best=False), COURSE)
    assert not re.search(r"validation|top-1|best|None", words)


def test_a_terminal_sees_epoch_step_loss_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, clock = on_terminal(monkeypatch), Clock()
    with Screen(COURSE, lambda line: None) as screen:
        screen.pace.clock = clock
        run(screen, clock)
    assert "epoch 2/2 · step 7/10 · loss 1.5000 · 32 images/s · 9.0 s left" in shown.getvalue()
    assert "evaluating" in shown.getvalue()


def test_a_narrow_terminal_keeps_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, clock = on_terminal(monkeypatch, width=40), Clock()
    with Screen(COURSE, lambda line: None) as screen:
        screen.pace.clock = clock
        run(screen, clock)
    live = [
        line
        for line in re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue()))
        if "step 7" in line
    ]
    assert live
    assert max(map(len, live)) <= 40


def test_steps_in_quick_succession_are_not_all_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    on_terminal(monkeypatch)
    extent, clock = Extent(10_000, 10_000), Clock()
    with Screen(extent, lambda line: None) as screen:
        screen.pace.clock = clock
        drawn: list[object] = []
        monkeypatch.setattr(screen.bar, "update", lambda task, **what: drawn.append(what))
        for number in range(1, 1001):
            clock.now += 0.001
            screen.on_step(StepDone(number, 1, 0.1, 1.0, 64))
    assert len(drawn) == 2  # a second, drawn twice


def test_quiet_shows_nothing_and_records_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Watch(tmp_path, COURSE, quiet=True) as watch:
        run(watch)
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "log.txt").read_text().count("epoch ") == 2
    assert (tmp_path / "summary.csv").read_text().count("\n") == 3


@pytest.mark.parametrize(("steps", "lines"), [(10, 10), (400, 100), (20_000, 400)])
def test_a_short_training_records_its_steps_more_often(tmp_path: Path, steps: int, lines: int) -> None:
    with Watch(tmp_path, Extent(steps, steps), quiet=True) as watch:
        for number in range(1, steps + 1):
            watch.on_step(StepDone(number, 1, 0.1, 1.0, 64))
    assert (tmp_path / "metrics.jsonl").read_text().count("\n") == lines


def test_a_run_says_its_folder_first_and_last_with_commands_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Watch(tmp_path, COURSE) as watch:
        run(watch)
        watch.say(last_words(tmp_path, "digits"))
    said = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in said[0]
    assert str(tmp_path) in said[-3]
    assert [line.strip() for line in said[-2:]] == list(next_commands(tmp_path, "digits"))


def test_commands_to_type_are_quoted_for_the_shell() -> None:
    folder, data = Path("my runs/it's"), "imagefolder:my photos"
    done = next_commands(folder, data)
    assert shlex.split(done[0]) == ["resnetlab", "eval", str(folder), "--data", data]
    assert shlex.split(next_commands(folder, data, interrupted="train")[0]) == [
        "resnetlab",
        "train",
        "--resume",
        str(folder),
    ]


def test_a_resume_that_finds_metrics_cut_short_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Watch(tmp_path, Extent(10, 5, step=5), metrics_length=1000):
        pass
    assert "metrics.jsonl has 0 of the 1,000 bytes" in capsys.readouterr().err


def test_an_epoch_of_which_only_the_evaluation_was_left_has_no_speed_and_stands_there_once(tmp_path: Path) -> None:
    done = EpochDone(1, 5, 0.1, 2.0, 1.5, 50.0, 3.0, 100.0, True)
    with Watch(tmp_path, COURSE, quiet=True) as watch:
        watch.on_epoch(done)  # and is killed before the checkpoint that would know of it
    with Watch(tmp_path, Extent(10, 5, step=5, epochs_done=0), quiet=True) as watch:
        watch.on_epoch(replace(done, images_per_second=None))
    (row,) = read_summary(tmp_path / "summary.csv")
    assert (row["epoch"], row["images_per_second"]) == (1, None)
    assert "images/s" not in epoch_words(replace(done, images_per_second=None), COURSE)


def test_tensorboard_reads_what_was_written_for_it(tmp_path: Path) -> None:
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with Watch(tmp_path, COURSE, every=2, tensorboard=True, quiet=True) as watch:
        run(watch)
    events = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(one.step, one.value) for one in events.Scalars("epoch/validation top-1 (%)")] == [(5, 61.25), (10, 61.25)]
    assert [one.step for one in events.Scalars("step/loss")] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize("begun_at", [0, 5], ids=["a new run in an old folder", "a resumed run"])
def test_tensorboard_shows_no_step_twice(tmp_path: Path, begun_at: int) -> None:
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for begin, loss in ((0, 1.0), (begun_at, 2.0)):
        with Watch(tmp_path, Extent(10, 5, begin), every=1, tensorboard=True, quiet=True) as watch:
            for number in range(begin + 1, 11):
                watch.on_step(StepDone(number, 1, 0.1, loss, 64))
    events = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    shown = [(one.step, one.value) for one in events.Scalars("step/loss")]
    assert shown == [(step, 1.0 if step <= begun_at else 2.0) for step in range(1, 11)]


def test_a_missing_tensorboard_is_told_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(run_tensorboard.util, "find_spec", lambda name: None if name == "tensorboard" else found(name))
    with pytest.raises(ResnetlabError, match=r"pip install 'resnetlab\[track\]'"):
        Watch(tmp_path, COURSE, tensorboard=True)
    assert not list(tmp_path.iterdir())
