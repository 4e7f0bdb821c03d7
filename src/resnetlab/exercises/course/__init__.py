"""The course: its exercises in order, a folder each.

In a folder, `task.py` has the row (title, hints, mistakes), `solution.py` the worked solution with the learner's blank
marked in it, `check.py` what is looked at and what the library computes there; `figure.svg` is what some are about.
The process that runs a learner's code imports only `check.py`, and forgets the library's part of it.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from resnetlab.core.errors import UnknownNameError
from resnetlab.exercises.exercise import Exercise

if TYPE_CHECKING:
    from resnetlab.exercises.observation import Check

COURSE = (
    "convolution_by_unfold",
    "batch_norm",
    "residual_addition",
    "basic_block",
    "projection_shortcut",
    "zero_padding_shortcut",
    "bottleneck",
    "assembling_stages",
    "cifar_resnet20",
    "resnet50",
    "pre_activation_block",
    "zero_gamma",
    "receptive_field",
    "counting",
    "gradient_norms",
    "plain_or_residual",
    "shortcut_ablation",
    "lesion_study",
    "freezing",
    "folding_batch_norm",
    "loading_a_checkpoint",
    "resuming",
    "reading_sizes",
    "reading_gradients",
    "reading_shortcuts",
    "reading_training_curves",
    "reading_lesions",
)
HOME = Path(__file__).parent


def task(name: str) -> Exercise:
    """The exercise of this name.

    Raises:
        UnknownNameError: there is none.
    """
    row: Exercise = importlib.import_module(f"{__name__}.{known(name)}.task").EXERCISE
    return row


def solution(name: str) -> str:
    """The worked solution, with its markers."""
    return (HOME / known(name) / "solution.py").read_text(encoding="utf-8")


def figure(name: str) -> str | None:
    """The picture that the exercise is about, as SVG; None where it has none."""
    place = HOME / known(name) / "figure.svg"
    return place.read_text(encoding="utf-8") if place.exists() else None


@cache
def check_of(name: str) -> Check:
    """What is looked at; imports PyTorch."""
    check: Check = importlib.import_module(f"{__name__}.{known(name)}.check").CHECK
    return check


@cache
def probe_of(name: str) -> Check:
    """The same without what the library computes, which is gone from this process then: an answer could call it."""
    check, module = check_of(name), sys.modules[f"{__name__}.{known(name)}.check"]
    vars(module).pop("library", None)
    object.__setattr__(check, "library", None)
    return check


def file_name(name: str) -> str:
    """The learner's file: its number in the course, and its name."""
    return f"{COURSE.index(known(name)) + 1:02}_{known(name)}.py"


def figure_name(name: str) -> str:
    """The picture beside the learner's file."""
    return file_name(name).removesuffix("py") + "svg"


def known(name: str) -> str:
    """The exercise that a learner means by a name, a file's name or a number."""
    plain = name.removesuffix(".py")
    for number, exercise in enumerate(COURSE, start=1):
        if plain in (exercise, f"{number:02}_{exercise}", str(number), f"{number:02}"):
            return exercise
    raise UnknownNameError("exercise", name, COURSE, "all of them: resnetlab exercises list")
