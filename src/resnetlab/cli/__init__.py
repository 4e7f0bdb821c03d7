"""The command line: finds the command, lets tyro read its flags, calls one public function.

Nothing here imports PyTorch, so help and mistakes are answered at once.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from resnetlab.core.errors import ResnetlabError

COMMANDS: dict[tuple[str, ...], tuple[str, str]] = {
    ("report",): ("report:Report", "the quick tier of the laboratory, and its page of evidence"),
    ("lab", "list"): ("lab:LabList", "the claims of the ledger"),
    ("lab", "run"): ("lab:LabRun", "put claims to the test: the ledger's, or your own file"),
    ("lab", "compare"): ("lab:LabCompare", "the same claims in two tiers: which verdicts survive scale"),
    ("lab", "show"): ("lab:LabShow", "one claim: what it says, how it is tested, what decides"),
    ("models",): ("models:Models", "the zoo as a table"),
    ("models", "show"): ("models:ModelsShow", "one network, stage by stage and layer by layer"),
    ("train",): ("train:Train", "train a network, and go on exactly where it stopped"),
    ("finetune",): ("finetune:Finetune", "train a trained network on, for the classes of other data"),
    ("audit",): ("audit:Audit", "which paper, version and options a model really is, and its mistakes"),
    ("diagnose",): ("diagnose:Diagnose", "whether signal and gradient get through a network, and what is wrong"),
    ("predict",): ("predict:Predict", "what a network sees in images"),
    ("eval",): ("evaluate:Eval", "how often a network is right on labelled images"),
    ("data", "inspect"): ("data:DataInspect", "what a data set holds, and what is wrong with it"),
    ("exercises", "start"): ("exercises:ExercisesStart", "lay the course of exercises into a folder"),
    ("exercises", "list"): ("exercises:ExercisesList", "the exercises in order, with your progress"),
    ("exercises", "check"): (
        "exercises:ExercisesCheck",
        "whether your answers are right, and if not, which mistake it is",
    ),
    ("exercises", "watch"): ("exercises:ExercisesWatch", "check again whenever you save"),
    ("exercises", "hint"): ("exercises:ExercisesHint", "the next of an exercise's three hints"),
    ("exercises", "solution"): ("exercises:ExercisesSolution", "an exercise's worked solution"),
    ("exercises", "grade"): ("exercises:ExercisesGrade", "grade a class, as CSV and JSON"),
    ("exercises", "quiz"): ("quiz:ExercisesQuiz", "a checklist, and what interviews ask, with what shows each answer"),
    ("exercises", "reset"): ("exercises:ExercisesReset", "an exercise as it was at the start"),
    ("doctor",): ("doctor:Doctor", "this machine: versions, what speed paths are on, what data is at hand"),
}

INTERRUPTED = 130  # as shells report a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 (the answer is no), 2 (the request is wrong) or 130 (interrupted)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(overview())
        return 0
    if given[0] == "--version":
        print(_version())
        return 0
    try:
        words = _command_words(given)
        return _run(words, given[len(words) :])
    except ResnetlabError as error:
        if not error.said_by_another:
            print(_three_lines(str(error)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


def overview() -> str:
    """What `resnetlab --help` prints."""
    width = max(len(" ".join(words)) for words in COMMANDS)
    lines = [f"  {' '.join(words):<{width}}  {what}" for words, (_, what) in COMMANDS.items()]
    return "\n".join(
        [
            "resnetlab, the laboratory of residual networks",
            "",
            "commands",
            *lines,
            "",
            "resnetlab COMMAND --help tells a command's flags; every command takes --json for machines.",
            "",
            "examples",
            "  resnetlab report",
            "  resnetlab lab run degradation",
            "  resnetlab models show resnet50",
        ]
    )


def _command_words(given: Sequence[str]) -> tuple[str, ...]:
    """The words at the start that name a command; the longest name wins."""
    for length in (2, 1):
        if tuple(given[:length]) in COMMANDS:
            return tuple(given[:length])
    group = [" ".join(words) for words in COMMANDS if words[0] == given[0]]
    if group:
        said = given[1] if len(given) > 1 else ""
        if said in ("", "-h", "--help"):
            raise SystemExit(_group_help(given[0], wrong=not said))
        raise ResnetlabError(f"unknown command {given[0]} {said!r}\ncommands: {', '.join(group)}")
    names = [" ".join(words) for words in COMMANDS]
    near = difflib.get_close_matches(given[0], {name.split()[0] for name in names}, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]}?" if near else "all commands: resnetlab --help"
    raise ResnetlabError(f"unknown command {given[0]!r}\n{remedy}")


def _group_help(group: str, *, wrong: bool) -> int:
    for words, (_, what) in COMMANDS.items():
        if words[0] == group:
            print(f"  resnetlab {' '.join(words):<12} {what}", file=sys.stderr if wrong else sys.stdout)
    return 2 if wrong else 0


def _run(words: tuple[str, ...], flags: list[str]) -> int:
    import tyro

    module, name = COMMANDS[words][0].split(":")
    command: Any = getattr(importlib.import_module(f"resnetlab.cli.{module}"), name)
    program = " ".join(("resnetlab", *words))
    if "-h" in flags or "--help" in flags:
        print(_help(command, program))
        return 0
    settings: dict[str, Any] = {}
    if hasattr(command, "begin"):  # its defaults depend on its flags
        settings["default"], flags = command.begin(flags)
    parsed = tyro.cli(command, prog=program, args=flags, **settings)  # --flag and --no-flag, whatever holds already
    return int(parsed())


def _help(command: Any, program: str) -> str:
    """tyro's help for the command, with three examples under it."""
    import tyro

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        tyro.cli(command, prog=program, args=["--help"], config=(tyro.conf.FlagCreatePairsOff,))
    flags = re.sub(r"\{None\}\|(\S+)", lambda kind: kind[1].ljust(len(kind[0])), said.getvalue())
    return "\n".join([flags.rstrip(), "", "examples", *(f"  {example}" for example in command.EXAMPLES)])


def _three_lines(message: str) -> str:
    return "\n".join(message.strip().splitlines()[:3])


def _version() -> str:
    import resnetlab

    return f"resnetlab {resnetlab.__version__}"


def entry() -> None:
    """The console script; a terminal that cannot write a sign gets another one instead of an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        raise SystemExit(main())
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
