"""`resnetlab train`: a network is trained in a folder of its own, and goes on from where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from resnetlab.actions.evaluate import evaluate
from resnetlab.actions.evaluation import Evaluation
from resnetlab.actions.run_folder import describe_run, environment_remark, make_run_folder, run_environment
from resnetlab.actions.run_probes import Probes
from resnetlab.actions.run_report import RunFacts, write_facts, write_report
from resnetlab.actions.run_screen import Course as ScreenCourse
from resnetlab.actions.run_settings import CONFIG, find_run, stored_settings
from resnetlab.actions.run_watch import Watch, last_words
from resnetlab.actions.train_settings import TrainSettings, changed_settings, refuse_changes, settings_from
from resnetlab.actions.training_network import network_to_train
from resnetlab.actions.training_preparation import MakeNetwork, Prepared, Trial, prepare
from resnetlab.core.devices import choose_device
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import make_output_folder
from resnetlab.core.locks import LOCK, locked
from resnetlab.core.memory import keep_large_blocks
from resnetlab.data.preparation import Batch
from resnetlab.training.checkpoints import BEST, FOLDER, Checkpoint, load_checkpoint_file, load_last, save_checkpoint
from resnetlab.training.distributed import World, agree_on_buffers, anywhere, from_first, join, total
from resnetlab.training.events import EpochDone, StepDone
from resnetlab.training.freezing import counts
from resnetlab.training.interruption import Interrupted, Interruption
from resnetlab.training.loop import Course, train_epochs
from resnetlab.training.state import TrainingState, as_plain, load_kept, restore
from resnetlab.training.validation import ValidationScores, validate
from resnetlab.weights import load_checkpoint
from resnetlab.weights.saving import save


@dataclass(frozen=True)
class TrainedRun:
    """What a training left.

    Args:
        folder: of the run, with the network in it.
        steps: that were taken, over all its calls.
        best: highest accuracy on the validation images after an epoch, per cent; None where there are none.
        evaluation: of the network at the end, on the test images, else on those held out; None without either.
        remarks: what was chosen and assumed, a sentence each.
    """

    folder: Path
    steps: int
    best: float | None
    evaluation: Evaluation | None
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For machines: accuracies in per cent, losses in nats."""
        scores = self.evaluation.scores if self.evaluation else None
        return {
            "folder": str(self.folder),
            "steps": self.steps,
            "best_validation_top1": self.best,
            "evaluated_on": self.evaluation.split if self.evaluation else None,
            **{name: getattr(scores, name, None) for name in ("n", "top1", "top5", "loss")},
            "remarks": self.remarks,
        }


class Nobody:
    """Watches a training on all processes but the first, and says nothing."""

    def __enter__(self) -> Nobody:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def say(self, text: str) -> None:
        """Nothing."""

    def on_step(self, event: StepDone) -> None:
        """Nothing."""

    def on_epoch(self, event: EpochDone) -> None:
        """Nothing."""


def train(
    model: str | None = None, data: str | None = None, *, resume: str | Path | None = None, **settings: Any
) -> TrainedRun:
    """Train a network in a folder of its own.

    Args:
        model: a model reference; None takes the recipe's.
        data: a data reference; None takes the recipe's.
        resume: the folder of a run to go on with, one of its checkpoints, or "last".
        **settings: the fields of `TrainSettings`; parts, as `optim`, also as a dict of what differs from the recipe.

    Raises:
        ResnetlabError: the request cannot be met.
        DivergedError: a loss or a gradient is not finite; the last checkpoint is from before.
        Interrupted: a signal came, or the time was over; the run can be resumed.
    """
    given = {name: value for name, value in {"model": model, "data": data}.items() if value is not None} | settings
    if resume is None:
        return run(settings_from(TrainSettings, **given), network_to_train)
    stored = stored_settings(TrainSettings, find_run(str(resume), settings.get("output"), "train"))
    return run(changed_settings(stored, given | {"output": stored.output}), network_to_train, stored=stored)


def run(
    asked: TrainSettings,
    make_network: MakeNetwork,
    *,
    command: str = "train",
    stored: TrainSettings | None = None,
    trial: Trial | None = None,
) -> TrainedRun:
    """Train as asked, in this process or as one of many that torchrun started.

    Args:
        asked: settings that name model and data.
        make_network: gives the network to begin with.
        command: whose run it is.
        stored: settings of the run to go on with; None begins a new one.
        trial: makes it a short one.

    Raises:
        ResnetlabError: as of `train`.
    """
    if asked.model is None or asked.data is None:
        missing = " and ".join(f"--{name}" for name in ("model", "data") if getattr(asked, name) is None)
        raise ResnetlabError(f"{missing} is missing\ngive it, or a --recipe, which names both")
    with join(choose_device(asked.device)) as world:
        if world.device == "cpu":
            keep_large_blocks()
        if world.restarts and stored is None:
            asked, stored = _as_before_the_restart(asked, command)
        if stored is not None:
            refuse_changes(stored, asked)
        folder = from_first(partial(_folder, command, asked, stored))
        with locked(folder) if world.is_first else nullcontext(), _removed_if_empty(folder):
            ready = prepare(asked, world, make_network, trial)
            return _Run(folder, asked, world, ready, command, trial.stop_at if trial else None).go(stored is not None)


def _folder(command: str, asked: TrainSettings, stored: TrainSettings | None) -> Path:
    if stored is None:
        return make_run_folder(command, asked)
    assert stored.output is not None
    return make_output_folder(command, "", stored.output, exist_ok=True)


def _as_before_the_restart(asked: TrainSettings, command: str) -> tuple[TrainSettings, TrainSettings | None]:
    """What torchrun started again goes on with its run, if that came so far as to have one."""
    folder = find_run("last", asked.output, command)
    if not (folder / CONFIG).exists():
        return replace(asked, exist_ok=True), None
    stored = stored_settings(type(asked), folder)
    return replace(asked, output=folder), stored


@contextmanager
def _removed_if_empty(folder: Path) -> Iterator[None]:
    """Leave no folder behind in which nothing was written."""
    try:
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()


@dataclass(frozen=True, eq=False)
class _Run:
    """One call of a training.

    Args:
        folder: of the run.
        asked: its settings.
        world: this process.
        ready: what was prepared.
        command: whose run it is.
        stop_at: the step after which it stops.
    """

    folder: Path
    asked: TrainSettings
    world: World
    ready: Prepared
    command: str
    stop_at: int | None = None

    def go(self, on: bool) -> TrainedRun:
        """Train to the end; `on` goes on from the last checkpoint."""
        ready, checkpoint = self.ready, self._restore() if on else None
        if not on and self.world.is_first:
            describe_run(self.folder, self.asked)
        interruption = Interruption(self.asked.most_seconds)
        with self._watching(checkpoint) as watch, self._probing() as probes, interruption.listening():
            for remark in self._first_words(checkpoint):
                watch.say(remark)
            if checkpoint is None:
                self._introduce()
                self._save(watch, ready.state)
            try:
                course = self._course(watch, interruption, probes)
                train_epochs(ready.state, ready.batches, ready.rule, course, watch)
            except Interrupted as stopped:
                watch.say(f"{stopped.reason}, after step {ready.state.step} of {ready.steps}")
                watch.say(last_words(self.folder, str(self.asked.data), interrupted=True))
                raise
            evaluation = None
            if self.world.is_first:
                evaluation = self._keep()
                write_report(self.folder)
            watch.say(last_words(self.folder, str(self.asked.data)))
        return TrainedRun(self.folder, ready.state.step, ready.state.best, evaluation, ready.remarks)

    def _keep(self) -> Evaluation | None:
        """Write the network, and judge it: on the test images, looked at only here, or where there are none on those
        held out."""
        ready = self.ready
        model = ready.state.kept
        if self.asked.keep == "best" and (best := self.folder / FOLDER / BEST).exists():
            load_kept(ready.state, load_checkpoint_file(best))
        save(
            model,
            self.folder,
            classes=ready.data.classes,
            preprocessing=ready.how,
            source=f"resnetlab {self.command} on {ready.data.train.name}",
        )
        judged = ready.data.test or ready.data.validation
        if judged is None:
            return None
        return evaluate(
            load_checkpoint(self.folder),
            judged,
            output=self.folder,
            exist_ok=True,
            batch_size=self.asked.batch_size,
            device=self.world.device.partition(":")[0],
            skip_unreadable=self.asked.skip_unreadable,
            quiet=True,
        )

    @contextmanager
    def _probing(self) -> Iterator[Probes | None]:
        if self.asked.probe is None:
            yield None
            return
        folder = self.folder if self.world.is_first else None
        with closing(Probes(folder, self.asked.probe, self.ready.rule.loss, self.ready.state.step)) as probes:
            yield probes

    def _restore(self) -> Checkpoint:
        checkpoint = load_last(self.folder)
        restore(self.ready.state, checkpoint.content, str(checkpoint.file))
        return checkpoint

    def _first_words(self, checkpoint: Checkpoint | None) -> Iterator[str]:
        """What is said before the first step, a line each."""
        total_count, trainable = counts(self.ready.state.model)
        yield f"{self.asked.model}: {total_count:,} parameters, {trainable:,} of them trained"
        yield from (f"{name}: {choice}" for name, choice in self.ready.choices.items())
        yield from self.ready.remarks
        if checkpoint is not None:
            yield f"going on after step {self.ready.state.step} of {self.ready.steps}"
            yield from filter(None, (checkpoint.remark, environment_remark(checkpoint.content["environment"])))

    def _introduce(self) -> None:
        """Write what is known before the first step: the run's facts, and its first batch as a picture."""
        if not self.world.is_first:
            return
        data = self.ready.data
        parts = {"training": data.train, "validation": data.validation, "test": data.test}
        images = {f"{name} images": len(part) for name, part in parts.items() if part is not None}
        parameters = dict(zip(("parameters", "parameters trained"), counts(self.ready.state.model), strict=True))
        facts = RunFacts(
            str(self.asked.model),
            data.train.name,
            self.command,
            self.ready.epochs,
            images | parameters,
            self.ready.choices,
            self.ready.remarks,
        )
        write_facts(self.folder, facts)

    def _watching(self, checkpoint: Checkpoint | None) -> AbstractContextManager[Watch | Nobody]:
        if not self.world.is_first:
            return Nobody()
        ready = self.ready
        return Watch(
            self.folder,
            ScreenCourse(ready.steps, ready.batches.steps, ready.state.step),
            metrics_length=checkpoint.content["metrics_length"] if checkpoint else 0,
            tensorboard=self.asked.tensorboard,
            quiet=self.asked.quiet,
        )

    def _course(self, watch: Watch | Nobody, interruption: Interruption, probes: Probes | None) -> Course:
        ready = self.ready

        def stop_if_asked(state: TrainingState) -> None:
            asks = interruption.asked
            if state.step == self.stop_at:
                asks = Interrupted(f"the trial stops at step {state.step}", 0)
            if anywhere(asks is not None):
                self._save(watch, state)
                raise asks or Interrupted("another process was stopped", 0)

        def before_step(state: TrainingState, batch: Batch) -> None:
            every = self.asked.save_every
            if every and state.losses and state.step % every == 0:
                self._save(watch, state)
            if probes is not None:
                probes.on_batch(state.model, batch.images, batch.labels, state.step + 1)

        def scores_of(model: nn.Module) -> ValidationScores:
            agree_on_buffers(model)
            after_batch = partial(stop_if_asked, ready.state) if self.world.ranks == 1 else _nothing
            return validate(model, ready.validation or (), ready.rule.choice, total, after_batch)

        return Course(
            ready.epochs,
            ready.steps,
            validate=None if ready.validation is None else scores_of,
            save=partial(self._save, watch),
            stop_if_asked=stop_if_asked,
            before_epoch=ready.before_epoch,
            before_step=before_step,
        )

    def _save(self, watch: Watch | Nobody, state: TrainingState, best: bool = False) -> None:
        """Write a checkpoint; every process has to come here, though the first alone writes."""
        agree_on_buffers(state.model)
        if isinstance(watch, Watch):
            content = {
                **as_plain(state),
                "config": self.asked.as_plain(),
                "environment": run_environment(),
                "metrics_length": watch.metrics.length(),
            }
            save_checkpoint(self.folder, content, best)


def _nothing() -> None:
    return None
