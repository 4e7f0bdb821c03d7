"""The runner: seeds paired, only what is missing run, nothing lost to a kill, the same on every engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from claim_files import write_coin, write_trained

from heard_commands import that_hears
from picture_folders import write_classes
from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.experiments.benches import Bench
from resnetlab.experiments.cache import Cache, append_record, read_records
from resnetlab.experiments.judge import judge_claim
from resnetlab.experiments.lab_data import Sample, prepare
from resnetlab.experiments.ledger import find_claim
from resnetlab.experiments.runner import Measured, Workers, run_claims
from resnetlab.experiments.statistics import Verdict
from resnetlab.experiments.tiers import Tier

HERE = Workers(jobs=1)


def run(file: Path, folder: Path, workers: Workers = HERE, seed: int = 0) -> tuple[Measured, int]:
    """What was measured, and how many jobs it took."""
    jobs = []
    measured = run_claims([str(file)], Bench(), Cache(folder), workers, seed, lambda job, *_: jobs.append(job))
    return measured[str(file)], len(jobs)


def test_arms_are_paired_by_their_seed(tmp_path: Path) -> None:
    measured, _ = run(write_coin(tmp_path), tmp_path / "cache")
    differences = [
        at["plus one"]["drawn"] - at["nothing"]["drawn"] for at in measured.results.paired("plus one", "nothing")
    ]
    assert differences == pytest.approx([1.0] * 4)


def test_seeds_differ_from_one_another_and_from_another_base(tmp_path: Path) -> None:
    file = write_coin(tmp_path)
    first, other = (run(file, tmp_path / "cache", seed=base)[0].results.values("nothing", "drawn") for base in (0, 1))
    assert len({*first, *other}) == 8


def test_a_second_run_measures_nothing_again(tmp_path: Path) -> None:
    file = write_coin(tmp_path)
    first, jobs = run(file, tmp_path / "cache")
    again, none = run(file, tmp_path / "cache")
    assert (jobs > 0, none) == (True, 0)
    assert again.results == first.results


def test_a_changed_claim_file_is_measured_anew(tmp_path: Path) -> None:
    run(write_coin(tmp_path), tmp_path / "cache")
    _, jobs = run(write_coin(tmp_path, above=0.7), tmp_path / "cache")
    assert jobs > 0


def test_more_seeds_run_only_the_missing_ones(tmp_path: Path) -> None:
    file = write_coin(tmp_path)
    claim = find_claim(str(file))
    kept = Cache(tmp_path / "cache").records_file(str(file), claim.slug, "digits")
    measured, _ = run(file, tmp_path / "cache")
    lines = kept.read_text().splitlines()
    kept.write_text("\n".join(lines[:5]) + "\n")
    again, jobs = run(file, tmp_path / "cache")
    assert (jobs, again.results) == (3, measured.results)


def test_a_line_cut_short_by_a_kill_is_measured_again_and_spoils_no_other(tmp_path: Path) -> None:
    file = write_coin(tmp_path)
    measured, _ = run(file, tmp_path / "cache")
    kept = next((tmp_path / "cache" / "measures").iterdir())
    kept.write_bytes(kept.read_bytes()[:-20])
    again, jobs = run(file, tmp_path / "cache")
    assert (jobs, again.results) == (1, measured.results)
    assert len(list(read_records(kept))) == 8


def test_a_measure_that_raises_leaves_the_claim_not_run_and_says_why(tmp_path: Path) -> None:
    trouble = 'assert run.seed != 2, "the coin stands on its edge"'
    measured, _ = run(write_coin(tmp_path, trouble=trouble), tmp_path / "cache")
    assert {failure.error for failure in measured.failures} == {"AssertionError: the coin stands on its edge"}
    assert len(measured.results.of("nothing")) == 3


def test_the_verdict_comes_from_the_parts(tmp_path: Path) -> None:
    file = write_coin(tmp_path, seeds=20)
    measured, _ = run(file, tmp_path / "cache")
    verdict, parts = judge_claim(find_claim(str(file)), measured.results, Tier.QUICK, parts_registered=60)
    assert verdict is Verdict.SUPPORTED
    assert [part.verdict for part in parts] == [Verdict.SUPPORTED, Verdict.HOLDS]
    assert parts[0].effect == pytest.approx(1.0)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_run_has_one_thread_whatever_runs_beside_it(tmp_path: Path, jobs: int) -> None:
    before = torch.get_num_threads()
    measured, _ = run(write_coin(tmp_path), tmp_path / "cache", Workers(jobs=jobs))
    assert {measures["threads"] for measures in measured.results.of("nothing")} == {1}
    assert torch.get_num_threads() == before


def test_a_worker_that_is_killed_is_told_in_three_lines_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    file = write_coin(tmp_path, trouble="import os, signal; run.seed == 3 and os.kill(os.getpid(), signal.SIGKILL)")
    command = [sys.executable, "-m", "resnetlab", "lab", "run", str(file), "--cache", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "--jobs", "2", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "a worker process was killed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("engine", ["loky", "dask", "ray"])
def test_every_engine_trains_and_measures_the_same(tmp_path: Path, engine: str) -> None:
    file, folder = write_trained(tmp_path), write_classes(tmp_path / "classes", count=9)
    program = tmp_path / "program.py"
    program.write_text(
        "from pathlib import Path\n"
        "from resnetlab.experiments.benches import Bench\n"
        "from resnetlab.experiments.cache import Cache\n"
        "from resnetlab.experiments.lab_data import Sample, prepare\n"
        "from resnetlab.experiments.runner import Workers, run_claims\n"
        "from resnetlab.experiments.tiers import Tier\n"
        "if __name__ == '__main__':\n"
        f"    folder = Path({str(tmp_path / engine)!r})\n"
        f"    data = prepare('imagefolder:{folder}', Sample(16, 16, 2), folder)\n"
        f"    workers = Workers(2, {engine!r})\n"
        f"    found = run_claims([{str(file)!r}], Bench(Tier.STANDARD, data), Cache(folder), workers, 0)\n"
        f"    print(found[{str(file)!r}].failures)\n"
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout.strip().endswith("[]"), done.stderr
    bench = Bench(Tier.STANDARD, prepare(f"imagefolder:{folder}", Sample(16, 16, 2), tmp_path / "here"))
    run_claims([str(file)], bench, Cache(tmp_path / "here"), HERE, 0)
    there, here = (measured_in(tmp_path / name) for name in (engine, "here"))
    assert len(here) == 4
    assert there == here


def measured_in(folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    (kept,) = (folder / "measures").iterdir()
    return {(record.arm, record.seed): record.measures for record in read_records(kept)}


def start(file: Path, folder: Path) -> subprocess.Popen[str]:
    command = that_hears("lab", "run", str(file), "--cache", str(folder / "cache"))
    command += ["--output", str(folder / "out"), "--exist-ok", "--jobs", "2"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_records(folder: Path, count: int) -> Path:
    for _ in range(600):
        files = list((folder / "cache" / "measures").glob("*.jsonl"))
        if files and len(list(read_records(files[0]))) >= count:
            return files[0]
        time.sleep(0.1)
    raise AssertionError("the laboratory never measured anything")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_is_taken_up_where_it_was(tmp_path: Path, how: signal.Signals) -> None:
    file = write_coin(tmp_path, pause=0.4, seeds=8)
    process = start(file, tmp_path)
    kept = wait_for_records(tmp_path, count=3)
    os.killpg(process.pid, how)
    said = process.communicate(timeout=60)[1]
    before = len(list(read_records(kept)))
    assert 3 <= before < 16
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "run the same command again to go on" in said
        assert "Traceback" not in said
    _, jobs = run(file, tmp_path / "cache")
    assert jobs == 16 - before


def test_records_survive_the_round_trip(tmp_path: Path) -> None:
    measured, _ = run(write_coin(tmp_path), tmp_path / "cache")
    kept = next((tmp_path / "cache" / "measures").iterdir())
    record = next(read_records(kept))
    append_record(tmp_path / "copy.jsonl", record)
    assert list(read_records(tmp_path / "copy.jsonl")) == [record]
    assert all(json.loads(line) for line in kept.read_text().splitlines())
    assert measured.seconds >= 0


MISTAKES = {
    "no such slug": ("degredation", UnknownNameError, "did you mean degradation"),
    "no such file": ("nowhere/mine.py", ResnetlabError, "no claim file at nowhere/mine.py"),
}


@pytest.mark.parametrize(("locator", "error", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_claim_that_cannot_be_found_is_named(locator: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        find_claim(locator)


@pytest.mark.parametrize(("text", "said"), [("x = 1", "defines no CLAIM"), ("1 / 0", "ZeroDivisionError")])
def test_a_file_that_is_no_claim_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(ResnetlabError, match=said):
        find_claim(str(file))
