"""The page of one training: what came out, how it went, what is confused, and how to do it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from resnetlab.pages.page import page_environment, policy_digest, template_text

if TYPE_CHECKING:
    from resnetlab.pages.svg import Drawing


@dataclass(frozen=True)
class KeyNumber:
    """One of the numbers at the top.

    Args:
        value: as it is read, with its unit.
        name: what it is.
        meaning: what more is to be known of it.
    """

    value: str
    name: str
    meaning: str = ""


@dataclass(frozen=True)
class ClassRow:
    """How often the images of one class were recognised.

    Args:
        name: of the class.
        n: its images.
        top1: per cent; None where there are no images.
        taken_for: the class it is taken for most often, with how many images; "" where there is none.
    """

    name: str
    n: int
    top1: float | None
    taken_for: str = ""


@dataclass(frozen=True)
class TrainingPage:
    """All that the page shows, as it is read.

    Args:
        title: the network and its data.
        lead: what came out, a sentence or two.
        numbers: the most important ones.
        evaluated: on what confusion and classes were counted, a clause; "" where they were not.
        classes: from the worst to the best.
        classes_in_all: of which the page may show some.
        remarks: what had to be assumed, a sentence each.
        facts: by name, beside the title.
        commands: to do it again and to go on, each with what it does.
        config: the text of config.yaml; "" where there is none.
        environment: where it ran, by name.
        version: of resnetlab.
    """

    title: str
    lead: str
    numbers: tuple[KeyNumber, ...]
    evaluated: str
    classes: tuple[ClassRow, ...]
    classes_in_all: int
    remarks: tuple[str, ...]
    facts: Mapping[str, str]
    commands: Mapping[str, str]
    config: str
    environment: Mapping[str, Any]
    version: str


COURSE = {"loss": "Loss", "accuracy": "Accuracy", "learning-rate": "Learning rate", "speed": "Speed"}
PROBES = {
    "gradient-over-steps": "Gradient over the steps",
    "gradient-by-depth": "Gradient by depth",
    "signal-by-depth": "Signal by depth",
    "dead-by-depth": "Dead units by depth",
}


def render_training(page: TrainingPage, drawings: Mapping[str, Drawing]) -> str:
    """The page as one HTML text, which asks nothing of anybody and has no script.

    Args:
        page: its content.
        drawings: slug → figure: those of COURSE, those of PROBES, and "confusion"; what is missing is left out.
    """
    style = template_text("report.css") + template_text("training.css")
    return (
        page_environment()
        .get_template("training.html.j2")
        .render(
            page=page,
            drawings=drawings,
            course={slug: name for slug, name in COURSE.items() if slug in drawings},
            probes={slug: name for slug, name in PROBES.items() if slug in drawings},
            style=Markup(style),
            style_digest=policy_digest(style),
        )
    )
