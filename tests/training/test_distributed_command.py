"""`resnetlab train` under torchrun: the same training, which a killed process neither hangs nor spoils."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from torchrun import Torchrun, alive

from resnetlab.actions.evaluate import evaluate
from resnetlab.actions.networks.references import resolve_model
from resnetlab.actions.train import train
from resnetlab.training.checkpoints import load_last
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
    return [name] * value if isinstance(value, bool) else [name, str(value)]


def metrics(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def reached(run: Path, lines: int) -> bool:
    with contextlib.suppress(OSError):
        return len((run / "metrics.jsonl").read_text().splitlines()) >= lines
    return False


def assert_same_losses(ours: Path, theirs: Path, after: int) -> None:
    """The next steps are the same but for rounding, which later grows: training is chaotic."""
    of_ours, of_theirs = (
        {line["step"]: line["loss"] for line in metrics(run) if line["kind"] == "step"} for run in (ours, theirs)
    )
    for step in range(after + 1, after + 5):
        assert of_ours[step] == pytest.approx(of_theirs[step], rel=1e-4), step


def assert_same_bits(ours: Path, theirs: Path) -> None:
    for name in ("model.safetensors", "metrics.jsonl"):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()


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
    assert [line.keys() for line in metrics(on_two)] == [line.keys() for line in metrics(on_one)]
    assert_same_losses(on_two, on_one, after=0)
    assert metrics(on_two)[-1]["validation_top1"] == pytest.approx(metrics(on_one)[-1]["validation_top1"], abs=15)


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
        torchrun.wait_until(lambda: reached(run, 25))
        ranks = torchrun.ranks()
        assert ranks.keys() == {0, 1}
        torchrun.kill(ranks[1])
        assert torchrun.wait(60) != 0
        assert not any(map(alive, ranks.values()))
    assert not (run / "model.safetensors").exists()
    step = load_last(run).content["step"]
    assert train(resume=run, quiet=True).steps == 4 * (1259 // 64)
    assert [line["epoch"] for line in metrics(run) if line["kind"] == "epoch"] == [1, 2, 3, 4]
    assert_same_losses(run, on_two, after=step)


@pytest.mark.parametrize(
    ("rank", "place"),
    [
        (1, "validation"),
        *(pytest.param(rank, place, marks=pytest.mark.full) for rank, place in ((0, "validation"), (1, "test"))),
    ],
)
def test_a_signal_in_an_evaluation_stops_all_at_once_and_nothing_is_lost(
    rank: int, place: str, folder: Path, on_two: Path
) -> None:
    run, sent = folder / f"signalled {rank} {place}", folder / f"sent {rank} {place}.txt"
    command = [str(rank), place, str(sent), *flags(run, batch_size=64)]
    with Torchrun(folder, command, program=(str(Path(__file__).with_name("signalled_command.py")),)) as torchrun:
        assert torchrun.wait() != 0
    assert len(sent.read_text().splitlines()) == 2  # of three batches or more: it was not waited for the others
    assert "SIGTERM was received" in torchrun.said() or "another process was stopped" in torchrun.said()
    with Torchrun(folder, ["train", "--resume", str(run)]) as torchrun:
        assert torchrun.wait() == 0, torchrun.said()
    assert_same_bits(run, on_two)


def test_restarted_by_torchrun_it_goes_on_with_its_own_run_and_not_the_newest_to_the_same_bits(
    tmp_path: Path, on_two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = flags(Path("none"))
    command = [word for word in command if word not in ("--output", "none")]
    with Torchrun(tmp_path, command, "--max-restarts", "1") as torchrun:
        torchrun.wait_until(lambda: any(reached(run, 25) for run in Path("runs/train").glob("2*")))
        shutil.copytree(on_two, "runs/train/99991231-235959-newest")
        torchrun.kill(torchrun.ranks()[0])
        assert torchrun.wait() == 0, torchrun.said()
    assert "going on after step" in torchrun.said()
    (run,) = Path("runs/train").glob("2*")
    assert_same_bits(run, on_two)


def test_what_one_process_began_two_go_on_with(folder: Path, on_one: Path) -> None:
    run = folder / "begun by one"
    with pytest.raises(Interrupted):
        train(**SETTINGS, output=run, max_time="0.001s", quiet=True)
    with Torchrun(folder, ["train", "--resume", str(run)]) as torchrun:
        assert torchrun.wait() == 0, torchrun.said()
    assert "going on after step 1 of 76" in torchrun.said()
    assert "not to the same bits: " in torchrun.said()
    assert "ranks 1 then, 2 now" in torchrun.said()
    assert_same_losses(run, on_one, after=1)


def test_parameters_shared_out_train_to_the_same_network_and_any_number_goes_on(folder: Path, on_two: Path) -> None:
    run = folder / "shared out"
    with pytest.raises(Interrupted):
        train(**SETTINGS, shard=True, output=run, max_time="0.001s", quiet=True)
    with Torchrun(folder, ["train", "--resume", str(run)]) as torchrun:
        assert torchrun.wait() == 0, torchrun.said()
    assert "going on after step 1 of 76" in torchrun.said()
    assert_same_losses(run, on_two, after=1)
    assert train(resume=run, quiet=True).steps == 76


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "torchvision:resnet5"}, "unknown network of torchvision 'resnet5'"),
        ({"batch_size": 63}, "--batch-size 63 cannot be shared evenly by 2 processes"),
    ],
)
def test_what_cannot_be_is_said_once_by_all_processes_and_no_folder_is_left(
    changes: dict[str, Any], message: str, folder: Path, tmp_path: Path
) -> None:
    with Torchrun(folder, flags(tmp_path / "run", **changes)) as torchrun:
        assert torchrun.wait() == 1
    assert torchrun.said().count(message) == 1
    assert not (tmp_path / "run").exists()


def test_norms_that_are_synchronised_may_have_one_value_in_each_process(folder: Path, tmp_path: Path) -> None:
    one_each = flags(tmp_path / "run", size=4, batch_size=2, steps=2)
    with Torchrun(folder, one_each) as torchrun:
        assert torchrun.wait() == 0, torchrun.said()
    alone = flags(tmp_path / "other", size=4, batch_size=2, steps=2, sync_norms=False)
    with Torchrun(folder, alone) as torchrun:
        assert torchrun.wait() == 1
    assert "batch norm has one value of each channel" in torchrun.said()


def test_a_restart_replaces_nothing_that_the_first_start_was_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.safetensors").write_bytes(b"another network")
    with Torchrun(folder, flags(tmp_path / "run"), "--max-restarts", "1") as torchrun:
        assert torchrun.wait() == 1
    assert "holds files already" in torchrun.said()
    assert [path.read_bytes() for path in (tmp_path / "run").iterdir()] == [b"another network"]


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_it_is_taken_down_whole_and_goes_on(seed: int, folder: Path, on_two: Path) -> None:
    chance, run = random.Random(seed), folder / f"killed at random {seed}"
    with Torchrun(folder, flags(run), "--max-restarts", "1") as torchrun:
        torchrun.wait_until(lambda: (run / "config.yaml").exists())
        time.sleep(chance.uniform(0, 4))
        ranks = torchrun.ranks()
        killed = chance.randrange(2)
        torchrun.kill(ranks[killed])
        torchrun.wait_until(lambda: not alive(ranks[1 - killed]), seconds=60)
        assert torchrun.wait() == 0, torchrun.said()
        assert not any(map(alive, ranks.values()))
    assert_same_bits(run, on_two)
