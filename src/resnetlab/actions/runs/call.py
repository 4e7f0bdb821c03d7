"""One call of a training: from its start, or its last checkpoint, to its end or to what interrupts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from torch import nn

from resnetlab.actions.inspecting.batch import contact_sheet
from resnetlab.actions.runs.ending import Ending
from resnetlab.actions.runs.folder import describe_run, environment_remark, run_environment
from resnetlab.actions.runs.preparation import Prepared
from resnetlab.actions.runs.probes import Probes
from resnetlab.actions.runs.report import RunFacts, write_facts, write_report
from resnetlab.actions.runs.screen import Extent
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.actions.runs.trained_run import TrainedRun
from resnetlab.actions.runs.watch import AnyWatch, Nobody, Watch, last_words
from resnetlab.core.files import write_content
from resnetlab.core.memory import told_of_memory
from resnetlab.core.terminal import on_one_line
from resnetlab.core.wrappers import unwrapped
from resnetlab.data.preparation import Batch
from resnetlab.data.splits import fingerprints, refuse_other_images, whole_folder
from resnetlab.specs.plain import to_plain
from resnetlab.training.checkpoints import Checkpoint, forget_best_after, replace_last, save_checkpoint
from resnetlab.training.distributed import World, agree_on_buffers, anywhere, in_step, total
from resnetlab.training.freezing import counts
from resnetlab.training.interruption import Interrupted, Interruption
from resnetlab.training.loop import Course, train_epochs
from resnetlab.training.meeting import remember
from resnetlab.training.state import TrainingState, as_plain, restore
from resnetlab.training.validation import ValidationScores, validate
from resnetlab.weights.description import CARD
from resnetlab.weights.saving import card_of

REMEDY = "give a smaller --batch-size, or --accumulate 2, by which it goes through in two parts"
BEGUN = "run begun"  # remembered over restarts once what an earlier run left in the folder is gone


@dataclass(frozen=True, eq=False)
class TrainingCall:
    """One call of a training.

    Args:
        folder: of the run.
        asked: its settings.
        world: this process.
        ready: what was prepared.
        command: whose run it is.
        interruption: what may ask it to stop.
        stop_at: the step after which it stops.
    """

    folder: Path
    asked: TrainSettings
    world: World
    ready: Prepared
    command: str
    interruption: Interruption
    stop_at: int | None = None

    def go(self, checkpoint: Checkpoint | None) -> TrainedRun:
        """Train to the end, from the beginning or from a checkpoint."""
        ready = self.ready
        if checkpoint is not None:
            self._restore(checkpoint)
        elif self.world.is_first:
            describe_run(self.folder, self.asked, self.world.device)
            remember(BEGUN, "yes")
        with self._watching(checkpoint) as watch, self._probing() as probes, self.interruption.listening():
            for remark in self._first_words(checkpoint):
                watch.say(remark)
            for warning in self._warnings(checkpoint):
                watch.warn(warning)
            if checkpoint is None:
                self._introduce()
                self._save(watch, ready.state)
            try:
                with told_of_memory(self.world.device, "a batch on its way through the network", REMEDY):
                    train_epochs(ready.state, ready.batches, ready.rule, self._course(watch, probes), watch)
                evaluation = self._ending.judge(self._ending.keep(watch))
            except Interrupted as stopped:
                watch.say(f"{stopped.reason}, after step {ready.state.step} of {ready.steps}")
                watch.say(last_words(self.folder, str(self.asked.data), interrupted=self.command))
                raise
            found = TrainedRun(
                self.folder,
                ready.data.train.name,
                ready.state.step,
                ready.state.best,
                evaluation,
                ready.remarks,
                speaks=self.world.is_first,
            )
            watch.note(found.in_words)
        if self.world.is_first:
            write_report(self.folder)  # which a signal may end: all else is written
        return found

    @property
    def _ending(self) -> Ending:
        return Ending(self.folder, self.asked, self.world, self.ready, self._source, self._until_asked)

    @cached_property
    def _images(self) -> dict[str, str]:
        """What a checkpoint remembers of the images, and of those left out, to know them again."""
        left_out = {"unreadable": "; ".join(self.ready.left_out)} if self.ready.left_out else {}
        return fingerprints(self.ready.data) | left_out

    @property
    def _asks(self) -> Interrupted | None:
        """What asks this process to stop here."""
        if self.ready.state.step == self.stop_at:
            return Interrupted(f"the trial stops at step {self.stop_at}", 0)
        return self.interruption.asked

    @property
    def _source(self) -> str:
        """Where the weights come from."""
        return f"resnetlab {self.command} on {on_one_line(self.ready.data.train.name)}"

    @cached_property
    def _card(self) -> object:
        """What a checkpoint tells of its network, so that it can be used before the training's end."""
        known, ready = card_of(unwrapped(self.ready.state.model)), self.ready
        return to_plain(replace(known, classes=ready.data.classes, preprocessing=ready.how, source=self._source))

    def _until_asked(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches of the last evaluation, which a signal ends; all that was trained is saved by then."""

        def leave_if(asked: bool) -> None:
            if asked:
                raise self._asks or Interrupted("another process was stopped", 0)

        return in_step(batches, leave_if, lambda: self.interruption.received is not None)

    @contextmanager
    def _probing(self) -> Iterator[Probes | None]:
        if self.asked.probe is None:
            yield None
            return
        folder = self.folder if self.world.is_first else None
        rule, step = self.ready.rule, self.ready.state.step
        with closing(Probes(folder, self.asked.probe, rule.loss, step, rule.choice, rule.seed)) as probes:
            yield probes

    def _restore(self, checkpoint: Checkpoint) -> None:
        refuse_other_images(self.ready.data.train.name, self._images, checkpoint.content.get("fingerprints"))
        restore(self.ready.state, checkpoint.content, str(checkpoint.file))
        if self.world.is_first:
            replace_last(self.folder, checkpoint)
            forget_best_after(self.folder, self.ready.state.step)

    def _first_words(self, checkpoint: Checkpoint | None) -> Iterator[str]:
        """What is said before the first step, a line each."""
        total_count, trainable = counts(self.ready.state.model)
        yield f"{self.asked.model}: {total_count:,} parameters, {trainable:,} of them trained"
        over = f", over {self.world.ranks} processes" if self.world.ranks > 1 else ""
        batches = f"batches of {self.asked.batch_size} images{over}"
        optim, is_muon = self.asked.optim, self.asked.optim.name == "muon"
        most = max(optim.lr, optim.other_lr) if is_muon else optim.lr
        yield f"learning rate: {most:g} at the most{', norms apart' if is_muon else ''}, for {batches}"
        yield from (f"{name}: {choice}" for name, choice in self.ready.choices.items())
        yield from (remark for remark in self.ready.remarks if remark not in self.ready.warnings)
        if checkpoint is not None:
            yield f"going on after step {self.ready.state.step} of {self.ready.steps}"

    def _warnings(self, checkpoint: Checkpoint | None) -> Iterator[str]:
        """What is said even to those who asked for quiet, a line each."""
        yield from self.ready.warnings
        if checkpoint is not None:
            yield from filter(None, (checkpoint.remark, self._elsewhere(checkpoint)))

    def _elsewhere(self, checkpoint: Checkpoint) -> str | None:
        """Where the run goes on, if that is not where the checkpoint was written."""
        return environment_remark(checkpoint.content["environment"], run_environment(self.world.device))

    def _introduce(self) -> None:
        """Write what is known before the first step: the run's facts, and its first batch as a picture."""
        if not self.world.is_first:
            return
        data = self.ready.data
        counted = {f"{name} images": len(part) for name, part in data.parts.items()}
        parameters = dict(zip(("parameters", "parameters trained"), counts(self.ready.state.model), strict=True))
        facts = RunFacts(
            str(self.asked.model),
            data.train.name,
            self.command,
            self.ready.epochs,
            counted | parameters,
            self.ready.choices,
            self.ready.remarks,
            whole_folder(str(self.asked.data), data.parts.values()),
        )
        write_facts(self.folder, facts)
        batch = next(iter(self.ready.batches.epoch(0)))
        images = self.ready.rule.shown(batch.images, 0)
        sheet = contact_sheet(images.cpu(), batch.labels, data.classes, self.ready.how)
        write_content(self.folder / "train_batch0.jpg", sheet)

    def _watching(self, checkpoint: Checkpoint | None) -> AbstractContextManager[AnyWatch]:
        if not self.world.is_first:
            return Nobody()
        ready = self.ready
        return Watch(
            self.folder,
            Extent(ready.steps, ready.batches.steps, ready.state.step, ready.state.epoch),
            metrics_length=checkpoint.content["metrics_length"] if checkpoint else 0,
            tensorboard=self.asked.tensorboard,
            quiet=self.asked.quiet,
        )

    def _course(self, watch: AnyWatch, probes: Probes | None) -> Course:
        ready = self.ready

        def leave_if(asked: bool) -> None:
            if asked:
                self._save(watch, ready.state)
                raise self._asks or Interrupted("another process was stopped", 0)

        def before_step(state: TrainingState, batch: Batch) -> None:
            every = self.asked.save_every
            if every and state.losses and state.step % every == 0:
                self._save(watch, state)
            if probes is not None and probes.is_due(state.step + 1):
                scale = state.scaler.get_scale()
                images = ready.rule.shown(batch.images, state.step)
                probes.on_batch(state.model, images, batch.labels, state.step + 1, scale)

        def scores_of(model: nn.Module) -> ValidationScores:
            agree_on_buffers(model)
            batches = in_step(ready.validation or (), leave_if, lambda: self._asks is not None)
            return validate(model, batches, ready.rule.choice, total)

        return Course(
            ready.epochs,
            ready.steps,
            validate=None if ready.validation is None else scores_of,
            save=partial(self._save, watch),
            stop_if_asked=lambda state: leave_if(anywhere(self._asks is not None)),
            before_epoch=ready.before_epoch,
            before_step=before_step,
        )

    def _save(self, watch: AnyWatch, state: TrainingState, best: bool = False) -> None:
        """Write a checkpoint; every process has to come here, though the first alone writes."""
        agree_on_buffers(state.model)
        plain = as_plain(state)
        if isinstance(watch, Watch):
            content = {
                **plain,
                "config": self.asked.as_plain(),
                "environment": run_environment(self.world.device),
                "fingerprints": self._images,
                CARD: self._card,
                "metrics_length": watch.metrics.length(),
            }
            save_checkpoint(self.folder, content, best)
