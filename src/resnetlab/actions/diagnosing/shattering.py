"""How alike the gradients at neighbouring images are, with the skips and without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure, Subject, numbers_of
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.numbers import number

if TYPE_CHECKING:
    from resnetlab.analysis.shattering import Autocorrelation

POINTS = 128
MAX_LAG = 16


def shattering_section(subject: Subject) -> Section:
    """Autocorrelation of the input gradient along the straight line between two images of the data.

    Raises:
        ResnetlabError: there are no two images that differ.
    """
    from resnetlab.analysis.junctions import find_junctions
    from resnetlab.analysis.shattering import line_of_images, shattering_with_and_without_skips

    first, last = subject.images[0], subject.images[-1]
    if bool((first == last).all()):
        raise ResnetlabError("there are no two different images to draw a line between")
    subject.say(f"gradients at {POINTS} images on a line")
    junctions = find_junctions(subject.model, subject.image_size)
    grid = line_of_images(first, last, POINTS)
    whole, plain = shattering_with_and_without_skips(subject.model, junctions, grid, MAX_LAG, subject.batch_size)
    not_done = () if junctions else ("No residual addition was found: there is no skip to cut for a comparison",)
    if junctions and plain is None:
        not_done = ("The plain twin's gradient is the same at every image: it has no autocorrelation",)
    return Section(
        "shattering",
        "How far gradients reach",
        _lead(whole, plain),
        (_figure(whole, plain),),
        numbers={"points": POINTS, "network": numbers_of(whole), "without_skips": numbers_of(plain)},
        not_done=not_done,
    )


def _lead(whole: Autocorrelation, plain: Autocorrelation | None) -> str:
    lead = (
        f"On a straight line of {POINTS} images between two of the data, the gradients of neighbours correlate by "
        f"{number(whole.values[1])}, and {MAX_LAG} steps apart by {number(whole.values[-1])}"
    )
    if plain is not None:
        lead += f"; in the plain twin, all skips cut, by {number(plain.values[1])} and {number(plain.values[-1])}"
    return f"{lead}."


def _figure(whole: Autocorrelation, plain: Autocorrelation | None) -> SectionFigure:
    from resnetlab.pages.inside_figures import shattering_figure

    lines = {"the network": whole.values} | ({} if plain is None else {"its skips cut": plain.values})
    caption = (
        "Gradient of the sum of all outputs with respect to the image, the mean over the line taken off; batch norms "
        "with their running statistics. White noise would stay in the band (Balduzzi et al. 2017)."
    )
    figure = shattering_figure(lines, whole.noise)
    return SectionFigure("shattering-lag", "Gradients along a line of images", figure, caption)
