"""`resnetlab train` under torchrun: the same training, which a killed process neither hangs nor spoils."""

from __future__ import annotations

import contextlib
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torchrun import Torchrun, alive

from resnetlab.actions.evaluate import evaluate
from resnetlab.actions.references import resolve_model
from resnetlab.actions.train import train
from resnetlab.training.interruption import Interrupted

SETTINGS: dict[str, Any] = {
    "model": "resnet20[width=4,depths=1/1/1]",
    "data": "digits",
    "recipe": "digits",
    "epochs": 4,
    "seed": 1,
    "precision": "fp32",
    "device": "cpu",
    "sync_norms": True,
    "save_every": 5,
}


def flags(output: Path, **changes: Any) -> list[str]:
    given = SETTINGS | changes
    named = [(f"--{name.replace('_', '-')}", value) for name, value in given.items()]
    return ["train", "--output", str(output), *(word for name, value in named for word in _words(name, value))]


def _words(name: str, value: Any) -> list[str]:
    return [name] if value is True else [name, str(value)]


def metrics(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def reached(run: Path, lines: int) -> bool:
    with contextlib.suppress(OSError):
        return len((run / "metrics.jsonl").read_text().splitlines()) >= lines
    return False


def assert_same_network(ours: Path, theirs: Path, tolerance: float) -> None:
    torch.testing.assert_close(
        load_file(ours / "model.safetensors"), load_file(theirs / "model.safetensors"), rtol=tolerance, atol=tolerance
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("torchrun")


@pytest.fixture(scope="module")
def on_two(folder: Path) -> Path:
    """A run of two processes from its start to its end."""
    with Torchrun(folder, [*flags(folder / "two"), "--json"]) as torchrun:
        assert torchrun.wait() == 0, torchrun.said()
    (folder / "two.txt").write_text(torchrun.said())
    return folder / "two"


@pytest.fixture(scope="module")
def on_one(folder: Path) -> Path:
    return train(**SETTINGS, output=folder / "one", quiet=True).folder


def test_two_processes_train_as_one_does(on_two: Path, on_one: Path) -> None:
    ours, theirs = metrics(on_two), metrics(on_one)
    assert [line.keys() for line in ours] == [line.keys() for line in theirs]
    for name in ("train_loss", "validation_loss"):  # float32 sums in another order, over 76 steps
        first = [next(line[name] for line in lines if name in line) for lines in (ours, theirs)]
        assert first[0] == pytest.approx(first[1], rel=1e-3)
    assert_same_network(on_two, on_one, tolerance=0.05)


def test_the_first_process_alone_writes_and_prints(on_two: Path) -> None:
    said = (on_two.parent / "two.txt").read_text()
    assert said.count("training in ") == 1
    assert said.count("epoch 1/4") == 1
    assert said.count('"best_validation_top1"') == 1
    assert json.loads((on_two / "env.json").read_text())["ranks"] == 2


def test_the_evaluation_of_two_processes_counts_every_image_once(on_two: Path) -> None:
    found = json.loads((on_two / "eval.json").read_text())
    again = evaluate(resolve_model(str(on_two)).module, "digits", device="cpu", quiet=True).scores
    assert found["n"] == again.n == 397
    assert found["top1"] == pytest.approx(again.top1)
    assert found["loss"] == pytest.approx(again.loss, rel=1e-5)


def test_a_killed_process_takes_the_other_down_and_one_process_goes_on(folder: Path, on_two: Path) -> None:
    run = folder / "killed"
    with Torchrun(folder, flags(run)) as torchrun:
        torchrun.wait_until(lambda: reached(run, 2))
        ranks = torchrun.ranks()
        assert ranks.keys() == {0, 1}
        torchrun.kill(ranks[1])
        assert torchrun.wait(60) != 0
        assert not any(map(alive, ranks.values()))
    assert not (run / "model.safetensors").exists()
    assert train(resume=run, quiet=True).steps == 4 * (1259 // 64)
    assert [line["epoch"] for line in metrics(run) if "validation_loss" in line] == [1, 2, 3, 4]
    assert_same_network(run, on_two, tolerance=0.05)


def test_restarted_by_torchrun_it_ends_at_the_same_bits(folder: Path, on_two: Path) -> None:
    run = folder / "restarted"
    with Torchrun(folder, flags(run), "--max-restarts", "1") as torchrun:
        torchrun.wait_until(lambda: reached(run, 2))
        torchrun.kill(torchrun.ranks()[0])
        assert torchrun.wait() == 0, torchrun.said()
    assert "going on after step" in torchrun.said()
    assert_same_network(run, on_two, tolerance=0)
    assert (run / "metrics.jsonl").read_bytes() == (on_two / "metrics.jsonl").read_bytes()


def test_what_one_process_began_two_go_on_with(folder: Path, on_one: Path) -> None:
    run = folder / "begun by one"
    with pytest.raises(Interrupted):
        train(**SETTINGS, output=run, max_time="0.001s", quiet=True)
    with Torchrun(folder, ["train", "--resume", str(run)]) as torchrun:
        assert torchrun.wait() == 0, torchrun.said()
    assert "going on after step 1 of 76" in torchrun.said()
    assert "not to the same bits: " in torchrun.said()
    assert "ranks 1 then, 2 now" in torchrun.said()
    assert_same_network(run, on_one, tolerance=0.05)


def test_what_the_first_process_cannot_make_it_alone_says_and_no_folder_is_left(folder: Path, tmp_path: Path) -> None:
    with Torchrun(folder, flags(tmp_path / "run", model="torchvision:resnet5")) as torchrun:
        assert torchrun.wait() == 1
    assert torchrun.said().count("unknown network of torchvision 'resnet5'") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_it_is_taken_down_whole_and_goes_on(seed: int, folder: Path, on_two: Path) -> None:
    chance, run = random.Random(seed), folder / f"killed at random {seed}"
    with Torchrun(folder, flags(run), "--max-restarts", "1") as torchrun:
        torchrun.wait_until(lambda: (run / "config.yaml").exists())
        time.sleep(chance.uniform(0, 4))
        ranks = torchrun.ranks()
        torchrun.kill(ranks[chance.randrange(2)])
        assert torchrun.wait() == 0, torchrun.said()
        assert not any(map(alive, ranks.values()))
    assert_same_network(run, on_two, tolerance=0)
    assert (run / "metrics.jsonl").read_bytes() == (on_two / "metrics.jsonl").read_bytes()
