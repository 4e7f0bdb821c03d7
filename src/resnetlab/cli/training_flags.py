"""What `resnetlab train` and `resnetlab finetune` have in common beside their settings: resuming, proof, printing."""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from resnetlab.actions.runs.settings import changed_by_file, checkpoint_named, settings_of_run, stored_settings
from resnetlab.actions.runs.train_settings import (
    TrainSettings,
    config_text,
    settings_with_recipe,
    with_epochs,
)
from resnetlab.core.errors import ResnetlabError
from resnetlab.core.folders import refuse_output

if TYPE_CHECKING:
    from resnetlab.actions.runs.preparation import MakeNetwork
    from resnetlab.actions.runs.trained_run import TrainedRun


@dataclass(frozen=True, kw_only=True)
class TrainingFlags:
    """Flags of a command that trains, and how it is carried out.

    Attributes:
        KIND: of its settings, which stand among its fields.
        COMMAND: its name.
        DEFAULT_RECIPE: taken where the user names none.
    """

    resume: str | None = None
    """go on with a run: its folder, or without a value the run in --output, else the last one."""
    verify_resume: bool = False
    """run two short epochs of this training with and without interruptions, and compare every bit."""
    dry_run: bool = False
    """tell what this training will do and how long it will take, after a few steps; write nothing."""
    find_lr: bool = False
    """sweep the learning rate, suggest one, and draw the losses; train nothing."""
    print_config: bool = False
    """print the whole configuration as YAML, and do nothing."""
    json: bool = False
    """print the result as JSON."""

    KIND: ClassVar[type[TrainSettings]]
    COMMAND: ClassVar[str]
    DEFAULT_RECIPE: ClassVar[str | None] = None

    @classmethod
    def begin(cls, flags: list[str]) -> tuple[Self, list[str]]:
        """What holds where the flags say nothing, by --recipe, --config and --resume among them; and the flags, with a
        value for a --resume that has none."""
        flags = with_value(flags, "--resume", "last")
        said = {name: value_of(flags, f"--{name}") for name in ("recipe", "config", "resume", "output")}
        output = Path(said["output"]) if said["output"] else None
        config = Path(said["config"]) if said["config"] else None
        if said["resume"]:
            settings = changed_by_file(settings_of_run(cls.KIND, cls.COMMAND, said["resume"], output), config)
        else:
            settings = settings_with_recipe(cls.KIND, said["recipe"], config, cls.DEFAULT_RECIPE)
        if value_of(flags, "--epochs") and not value_of(flags, "--steps"):
            settings = replace(settings, **with_epochs({"epochs": settings.epochs}))
        return cls(**vars(settings)), flags

    @property
    @abstractmethod
    def make_network(self) -> MakeNetwork:
        """Gives the network that training begins with."""

    def __call__(self) -> int:
        told: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self.KIND)}
        settings = self.KIND(**told)
        if self.print_config:
            print(config_text(settings), end="")
            return 0
        if settings.output and not (self.resume or self.dry_run or self.verify_resume) and is_first_start():
            refuse_output(settings.output, settings.exist_ok)  # before PyTorch is loaded, which takes seconds
        from resnetlab.actions.train import run

        if self.dry_run or self.find_lr or self.verify_resume:
            refuse_many_processes()
        if self.dry_run:
            return show_plan(settings, self.make_network, as_json=self.json)
        if self.find_lr:
            return show_learning_rate(settings, self.make_network, as_json=self.json)
        if self.verify_resume:
            return prove_resume(settings, self.make_network, self.COMMAND, as_json=self.json)
        stored = stored_settings(self.KIND, settings.output) if self.resume and settings.output else None
        start = checkpoint_named(self.resume)
        training = partial(run, settings, self.make_network, command=self.COMMAND, stored=stored, start=start)
        return report(training, as_json=self.json)


def is_first_start() -> bool:
    """Whether no other process writes for this one, and none of its own did before: torchrun may have started it."""
    return {os.environ.get(name, "0") for name in ("RANK", "TORCHELASTIC_RESTART_COUNT")} == {"0"}


def refuse_many_processes() -> None:
    """Pass in a process that is alone.

    Raises:
        ResnetlabError: torchrun started several.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ResnetlabError(
            "--dry-run, --find-lr and --verify-resume look at one process\nleave torchrun out for them"
        )


def report(training: Callable[[], TrainedRun], *, as_json: bool) -> int:
    """Run a training and print what came out; gives the exit code.

    Args:
        training: leaves by an error of ours, or by `Interrupted`.
        as_json: print for machines.
    """
    from resnetlab.core.errors import DivergedError
    from resnetlab.core.terminal import json_text
    from resnetlab.training.interruption import Interrupted

    try:
        found = training()
    except Interrupted as stopped:
        return stopped.exit_code
    except DivergedError as error:
        if not error.said_by_another:
            print(error, file=sys.stderr)
        return 1
    if found.speaks:
        print(json_text(found.as_json()) if as_json else found.in_words)
    return 0


def prove_resume(settings: TrainSettings, make_network: MakeNetwork, command: str, *, as_json: bool) -> int:
    """Print whether an interrupted training ends at the same bits; the exit code is 1 where it does not."""
    from dataclasses import asdict

    from resnetlab.actions.verify_resume import verify_resume
    from resnetlab.core.terminal import json_text
    from resnetlab.training.interruption import Interrupted

    try:
        proof = verify_resume(settings, make_network, command)
    except Interrupted as stopped:
        return stopped.exit_code
    stops = " and ".join(map(str, proof.stops))
    if as_json:
        print(json_text(asdict(proof) | {"holds": proof.holds}))
    elif proof.holds:
        print(f"interrupted after steps {stops} of {proof.steps}: all {proof.compared} tensors and numbers are equal")
    else:
        print(f"interrupted after steps {stops} of {proof.steps}, these differ: {', '.join(proof.differ[:10])}")
    return 0 if proof.holds else 1


def show_plan(settings: TrainSettings, make_network: MakeNetwork, *, as_json: bool) -> int:
    """Print what a training will do."""
    from dataclasses import asdict

    from resnetlab.actions.runs.rehearsal import plan_training
    from resnetlab.actions.runs.rehearsal_table import plan_table
    from resnetlab.core.terminal import json_text, show

    plan = plan_training(settings, make_network)
    if as_json:
        print(json_text(asdict(plan) | {"seconds": plan.seconds}))
    else:
        show(plan_table(plan), *(f"\n{remark}" for remark in plan.remarks))
    return 0


def show_learning_rate(settings: TrainSettings, make_network: MakeNetwork, *, as_json: bool) -> int:
    """Print a learning rate to begin with; the exit code is 1 where the sweep tells none."""
    from dataclasses import asdict

    from resnetlab.actions.runs.rehearsal import suggest_learning_rate
    from resnetlab.core.terminal import json_text

    found, figure = suggest_learning_rate(settings, make_network)
    if as_json:
        print(json_text(asdict(found) | {"figure": str(figure)}))
    elif found.suggestion is None:
        print(f"the loss falls at no rate between {found.rates[0]:g} and {found.rates[-1]:g}\nfigure: {figure}")
    else:
        print(f"the loss falls fastest at --optim.lr {found.suggestion:.2g}\nfigure: {figure}")
    return 0 if found.suggestion is not None else 1


def value_of(flags: list[str], name: str) -> str | None:
    """The value that a flag is given, in either form.

    >>> value_of(["--recipe=wrn"], "--recipe"), value_of(["--recipe", "wrn"], "--recipe"), value_of([], "--recipe")
    ('wrn', 'wrn', None)
    """
    for number, flag in enumerate(flags):
        if flag == name and number + 1 < len(flags):
            return flags[number + 1]
        if flag.startswith(f"{name}="):
            return flag.partition("=")[2]
    return None


def with_value(flags: list[str], name: str, value: str) -> list[str]:
    """The flags with this value for one that has none.

    >>> with_value(["--resume", "--quiet"], "--resume", "last")
    ['--resume', 'last', '--quiet']
    """
    given: list[str] = []
    for number, flag in enumerate(flags):
        given.append(flag)
        if flag == name and (number + 1 == len(flags) or flags[number + 1].startswith("--")):
            given.append(value)
    return given
