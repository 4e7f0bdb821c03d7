"""What a diagnosis is made of: the subject, the sections that look at it, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnetlab.analysis.health import HealthFinding, worst_first
from resnetlab.pages.diagnosis_page import PageTable

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from matplotlib.figure import Figure
    from torch import Tensor, nn

    from resnetlab.analysis.scoring import Examples

SCHEMA = "1"


@dataclass(frozen=True, eq=False)
class Subject:
    """The network that is looked at, with images that it understands; a section leaves both as they were.

    Args:
        reference: of the model.
        data: reference of the data.
        model: gives logits, (N, classes); on its device, in evaluation mode.
        images: (N, C, H, W), float, normalised, on the model's device.
        labels: (N,) the class of each image.
        classes: names in the order of the labels.
        batch_size: images that may go through at once, with gradients too.
        seed: of all that is drawn.
        is_trained: whether its weights are somebody's.
        say: tells a user on a terminal what is being done, a short clause.
    """

    reference: str
    data: str
    model: nn.Module
    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]
    classes: tuple[str, ...]
    batch_size: int
    seed: int
    is_trained: bool
    say: Callable[[str], None] = lambda text: None

    @property
    def image_size(self) -> tuple[int, ...]:
        """Of one image: (channels, height, width)."""
        return tuple(self.images.shape[1:])

    @property
    def examples(self) -> Examples:
        """All the images with their classes, as many at a time as may go through."""
        from resnetlab.analysis.scoring import Examples

        return Examples(self.images, self.labels, self.batch_size)


@dataclass(frozen=True)
class SectionFigure:
    """A figure of a section.

    Args:
        slug: of it, which no other section uses; names files in plots/.
        title: above it.
        figure: in the house's style (`pages.figures`).
        caption: under it, a sentence on how to read it.
    """

    slug: str
    title: str
    figure: Figure
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """What one way of looking showed.

    Args:
        slug: of it; the key in diagnosis.json, the anchor on the page.
        title: on the page.
        lead: what was seen, a few sentences with the numbers that matter.
        figures: beside each other.
        tables: under the figures.
        numbers: all that was measured, ready for JSON: mappings, lists, texts, numbers, None.
        findings: rules that fired.
        not_done: what could not be looked at and why, a sentence each.
    """

    slug: str
    title: str
    lead: str
    figures: tuple[SectionFigure, ...] = ()
    tables: tuple[PageTable, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[HealthFinding, ...] = ()
    not_done: tuple[str, ...] = ()


def numbers_of(found: Any) -> dict[str, Any] | None:
    """The fields of a result, ready for JSON; None of what could not be measured."""
    return None if found is None else asdict(found)


@dataclass(frozen=True)
class Diagnosis:
    """What a diagnosis found.

    Args:
        model: its reference.
        data: its reference.
        sections: in the order of the page.
        remarks: what was assumed, and done to the images, a sentence each.
        facts: what it rests on: images, preprocessing, device, seed, environment.
        folder: where diagnosis.json and the page are.
    """

    model: str
    data: str
    sections: tuple[Section, ...]
    remarks: tuple[str, ...]
    facts: Mapping[str, Any]
    folder: Path

    @property
    def findings(self) -> tuple[HealthFinding, ...]:
        """Those of all sections, the worst first."""
        return worst_first(finding for section in self.sections for finding in section.findings)
