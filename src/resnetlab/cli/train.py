"""`resnetlab train`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from resnetlab.actions.run_settings import find_run, stored_settings
from resnetlab.actions.train_settings import TrainSettings, config_text, settings_with_recipe

if TYPE_CHECKING:
    from resnetlab.actions.training_call import TrainedRun
    from resnetlab.actions.training_preparation import MakeNetwork


@dataclass(frozen=True, kw_only=True)
class Train(TrainSettings):
    """Train a network, from where it stopped if it stopped.

    What is said here holds before a --config file, the file before a --recipe, the recipe before the defaults.
    SIGINT and SIGTERM save and leave with 130 and 143; --resume goes on to the same bits.
    """

    resume: str | None = None
    """go on with a run: its folder, or without a value the run in --output, else the last one."""
    verify_resume: bool = False
    """run two short epochs of this training with and without interruptions, and compare every bit."""
    print_config: bool = False
    """print the whole configuration as YAML, and do nothing."""
    json: bool = False
    """print the result as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab train --model resnet20 --data digits --recipe digits --epochs 2",
        "resnetlab train --model 'resnet20[width=8]' --data digits --steps 20 --optim.lr 0.05 --augment.flip random",
        "resnetlab train --recipe he2015 --print-config",
    )

    @classmethod
    def begin(cls, flags: list[str]) -> tuple[Self, list[str]]:
        """What holds where the flags say nothing, by --recipe, --config and --resume among them; and the flags, with a
        value for a --resume that has none."""
        flags = with_value(flags, "--resume", "last")
        said = {name: value_of(flags, f"--{name}") for name in ("recipe", "config", "resume", "output")}
        output = Path(said["output"]) if said["output"] else None
        if said["resume"]:
            settings = stored_settings(TrainSettings, find_run(said["resume"], output, "train"))
        else:
            settings = settings_with_recipe(
                TrainSettings, said["recipe"], Path(said["config"]) if said["config"] else None
            )
        return cls(**vars(settings)), flags

    def __call__(self) -> int:
        settings = TrainSettings(**{field.name: getattr(self, field.name) for field in fields(TrainSettings)})
        if self.print_config:
            print(config_text(settings), end="")
            return 0
        from resnetlab.actions.train import run
        from resnetlab.actions.training_network import network_to_train

        if self.verify_resume:
            return prove_resume(settings, network_to_train, as_json=self.json)
        stored = stored_settings(TrainSettings, self.output) if self.resume and self.output else None
        return report(lambda: run(settings, network_to_train, stored=stored), as_json=self.json)


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
        print(error, file=sys.stderr)
        return 1
    if as_json:
        print(json_text(found.as_json()))
    return 0


def prove_resume(settings: TrainSettings, make_network: MakeNetwork, *, as_json: bool) -> int:
    """Print whether an interrupted training ends at the same bits; the exit code is 1 where it does not."""
    from dataclasses import asdict

    from resnetlab.actions.verify_resume import verify_resume
    from resnetlab.core.terminal import json_text

    proof = verify_resume(settings, make_network)
    stops = " and ".join(map(str, proof.stops))
    if as_json:
        print(json_text(asdict(proof) | {"holds": proof.holds}))
    elif proof.holds:
        print(f"interrupted after steps {stops} of {proof.steps}: all {proof.compared} tensors and numbers are equal")
    else:
        print(f"interrupted after steps {stops} of {proof.steps}, these differ: {', '.join(proof.differ[:10])}")
    return 0 if proof.holds else 1


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
