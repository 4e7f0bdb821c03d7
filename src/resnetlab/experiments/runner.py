"""Runs experiments: what is missing, in parallel, on this machine or a cluster."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import joblib
import torch

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.core.machine import usable_cores
from resnetlab.experiments.base import Arm, Claim, Results, Run
from resnetlab.experiments.benches import Bench, at_tier
from resnetlab.experiments.cache import Cache, Record, append_record, read_records
from resnetlab.experiments.lab_data import LabData
from resnetlab.experiments.ledger import find_claim
from resnetlab.experiments.trained import Training, train_or_load
from resnetlab.specs import find_spec

ENGINES = ("loky", "ray", "dask")
SEED_STRIDE = 100_000  # seeds of one base never meet those of the next
JOBS_PER_ROUND = 4  # a process, where results come by the round: what a kill can lose
BATCHES_PER_ARM = 10  # draws travel in groups, so that a job outweighs its own dispatch


@dataclass(frozen=True)
class Workers:
    """How runs are spread. Every run has one PyTorch thread: its bits then do not depend on how many run at once.

    Args:
        jobs: processes at once; 0 takes every core.
        engine: "loky" on this machine, "ray" or "dask" on a cluster that shares the cache's folder.
    """

    jobs: int = 0
    engine: str = "loky"

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise UnknownNameError("engine", self.engine, ENGINES)
        if self.engine != "loky" and importlib.util.find_spec(self.engine) is None:
            raise ResnetlabError(f"--engine {self.engine}: it is not installed\npip install 'resnetlab[cluster]'")

    @property
    def processes(self) -> int:
        """How many run at once."""
        return self.jobs or usable_cores()


@dataclass(frozen=True)
class TrainingJob:
    """Train one network of the pool."""

    training: Training
    seed: int
    data: LabData
    file: Path

    def __str__(self) -> str:
        return f"training {self.training}, seed {self.seed}"

    def __call__(self) -> list[Record]:
        train_or_load(self.training, self.data.load(), self.seed, self.file)
        return []


@dataclass(frozen=True)
class MeasuringJob:
    """Measure one arm of a claim for some seeds. The worker finds the claim again by its locator."""

    locator: str
    arm: str
    seeds: tuple[int, ...]
    bench: Bench
    cache: Cache

    def __str__(self) -> str:
        return f"{self.locator}: {self.arm}"

    def __call__(self) -> list[Record]:
        claim = at_tier(find_claim(self.locator), self.bench.tier)
        return [self._measure(claim, claim.arm(self.arm), seed) for seed in self.seeds]

    def _measure(self, claim: Claim, arm: Arm, seed: int) -> Record:
        trained, data = None, self.bench.data_for(claim)
        if arm.training is not None:
            file = self.cache.network_file(arm.training, data.key, seed)
            trained = train_or_load(arm.training, data.load(), seed, file)
        measure = arm.measure or claim.measure
        assert measure is not None, f"{claim.slug}: arm {arm.name} has no measure"
        started = time.perf_counter()
        torch.manual_seed(seed)
        measures = dict(measure(Run(arm, seed, data, trained, self.bench.tier)))
        if trained is not None:
            measures.setdefault("diverged", trained.history.diverged)
        seconds = time.perf_counter() - started
        for name, value in measures.items():
            _check_plain(name, value)
        return Record(arm.name, seed, measures, seconds)


def _check_plain(name: str, value: Any) -> None:
    """Refuse what a file of records cannot keep."""
    try:
        json.dumps(value)
    except TypeError as error:
        kind = type(value).__name__
        raise TypeError(f"the measure {name!r} is a {kind}: give numbers or lists of them, as by .item()") from error


@dataclass(frozen=True)
class Failure:
    """A job that raised: what it was and what was said."""

    what: str
    error: str


Job = TrainingJob | MeasuringJob
Watcher = Callable[[Job, int, int], None]
"""Told after every job: the job, how many are done, how many there are."""


@dataclass
class Measured:
    """What a claim's runs gave.

    Args:
        results: all measures that there are.
        seconds: that the runs took, one after another.
        failures: of runs that raised; such a claim is not judged.
    """

    results: Results
    seconds: float
    failures: list[Failure]


def run_claims(
    locators: Sequence[str], bench: Bench, cache: Cache, workers: Workers, seed: int, watch: Watcher = lambda *_: None
) -> dict[str, Measured]:
    """Measure everything these claims need and return it by locator.

    Args:
        locators: slugs or files.
        bench: tier and data.
        cache: where runs are kept, and found again.
        workers: how many processes, on what.
        seed: the base from which every run's seed is counted.
        watch: told of every job that ends.
    """
    plan = [_Plan(locator, at_tier(find_claim(locator), bench.tier), bench, cache, seed) for locator in locators]
    missing = [job for part in plan for job in part.missing_jobs()]
    trainings = _missing_trainings(missing)
    files = {part.locator: part.file for part in plan}
    failures: dict[str, list[Failure]] = {part.locator: [] for part in plan}
    done, total = 0, len(trainings) + len(missing)
    for jobs in (trainings, missing):  # a network is trained before anyone measures it
        for job, outcome in _workers_alive(run_jobs(jobs, workers)):
            done += 1
            if isinstance(job, MeasuringJob) and isinstance(outcome, Failure):
                failures[job.locator].append(outcome)
            elif isinstance(job, MeasuringJob):
                for record in outcome:
                    append_record(files[job.locator], record)
            watch(job, done, total)
    return {part.locator: part.measured(failures[part.locator]) for part in plan}


def run_jobs(jobs: Sequence[Callable[[], Any]], workers: Workers) -> Iterator[tuple[Any, Any]]:
    """Every job with what it returned, as they end."""
    if not jobs:
        return
    if workers.engine == "loky" and workers.processes == 1:
        yield from map(_run_job, jobs)
        return
    as_they_end = workers.engine != "ray"  # its backend gives results by the round only
    round_of = len(jobs) if as_they_end else workers.processes * JOBS_PER_ROUND
    return_as = "generator_unordered" if as_they_end else "list"
    with _engine(workers), joblib.Parallel(return_as=return_as, batch_size=1) as parallel:
        for at in range(0, len(jobs), round_of):
            yield from parallel(joblib.delayed(_run_job)(job) for job in jobs[at : at + round_of])


def _workers_alive(outcomes: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """The outcomes; a message where a worker was killed from outside, as by a system out of memory."""
    try:
        yield from outcomes
    except BrokenProcessPool as error:
        raise ResnetlabError(
            "a worker process was killed, perhaps for want of memory\n"
            "what has been measured is kept: run the same command again, with fewer --jobs"
        ) from error


def _run_job(job: Callable[[], Any]) -> tuple[Any, Any]:
    try:
        with _one_thread():
            return job, job()
    except Exception as error:  # one claim's mistake must not end the others; it is reported with the claim
        return job, Failure(str(job), f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """PyTorch with one thread, and afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _engine(workers: Workers) -> Iterator[None]:
    """joblib told where to run; a cluster is found as its engine finds it ($RAY_ADDRESS, $DASK_SCHEDULER_ADDRESS)."""
    with contextlib.ExitStack() as stack:
        if workers.engine == "ray":
            from ray.util.joblib import register_ray

            register_ray()
        if workers.engine == "dask":
            import dask
            from dask.distributed import Client

            here = {"n_workers": workers.processes, "threads_per_worker": 1, "dashboard_address": None}
            stack.enter_context(Client(**({} if dask.config.get("scheduler-address", None) else here)))
        stack.enter_context(joblib.parallel_config(workers.engine, n_jobs=workers.processes))
        yield


@dataclass(frozen=True)
class _Plan:
    """A claim's runs: which are wanted, which are kept already."""

    locator: str
    claim: Claim
    bench: Bench
    cache: Cache
    seed: int

    @cached_property
    def file(self) -> Path:
        """Where the runs are kept; found once, so that a claim edited meanwhile is still read where it was written."""
        data = self.bench.data_for(self.claim)
        return self.cache.records_file(self.locator, self.claim.slug, data.key, self.bench.tier)

    def missing_jobs(self) -> list[MeasuringJob]:
        kept = {(record.arm, record.seed) for record in read_records(self.file)}
        jobs = []
        for arm in self.claim.arms:
            seeds = [seed for seed in self._seeds(arm) if (arm.name, seed) not in kept]
            group = -(-arm.seeds // BATCHES_PER_ARM)
            groups = (tuple(seeds[at : at + group]) for at in range(0, len(seeds), group))
            jobs += [MeasuringJob(self.locator, arm.name, seeds, self.bench, self.cache) for seeds in groups]
        return jobs

    def measured(self, failures: list[Failure]) -> Measured:
        wanted = {(arm.name, seed) for arm in self.claim.arms for seed in self._seeds(arm)}
        records = [record for record in read_records(self.file) if (record.arm, record.seed) in wanted]
        measures: dict[str, dict[int, Any]] = {arm.name: {} for arm in self.claim.arms}
        for record in records:
            measures[record.arm][record.seed] = record.measures
        return Measured(Results(measures, self.bench.tier), sum(record.seconds for record in records), failures)

    def _seeds(self, arm: Arm) -> range:
        start = self.seed * SEED_STRIDE
        return range(start, start + arm.seeds)


def _missing_trainings(jobs: Sequence[MeasuringJob]) -> list[TrainingJob]:
    """The pool's networks that these jobs need and that are not there yet, the deepest first."""
    wanted: dict[Path, TrainingJob] = {}
    for job in jobs:
        claim = at_tier(find_claim(job.locator), job.bench.tier)
        training, data = claim.arm(job.arm).training, job.bench.data_for(claim)
        if training is None:
            continue
        for seed in job.seeds:
            file = job.cache.network_file(training, data.key, seed)
            if not file.exists():
                wanted[file] = TrainingJob(training, seed, data, file)
    return sorted(wanted.values(), key=lambda job: find_spec(job.training.model).depth, reverse=True)
