"""The loss around the weights, on a line and a plane, and how sharply it bends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from resnetlab.actions.diagnosing.cost import MULTIPLY_ADDS, affordable
from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure, Subject, numbers_of
from resnetlab.actions.diagnosing.memory import too_little_for_hessian
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.diagnosis_page import PageTable
from resnetlab.pages.numbers import number

if TYPE_CHECKING:
    from resnetlab.analysis.curvature import Curvature
    from resnetlab.analysis.landscape import Landscape, LandscapeSettings

POINTS = 16
LINE_POINTS = 33
CURVATURE_IMAGES = 64
EIGENVALUES = 3
LANCZOS_VECTORS = 26  # 20 of the basis, and what scipy works with beside them
PRODUCTS, PASSES_OF_A_PRODUCT = 60, 6  # about: what Lanczos needs for three eigenvalues
STATISTICS = {
    "running": "batch norms keep the running statistics of the weights in the middle",
    "batch": "batch norms take the statistics of each batch",
    "none": "there is no batch norm",
}


def landscape_section(subject: Subject) -> Section:
    """Filter-normalised slices of the loss, and the largest eigenvalues of its Hessian.

    Raises:
        ResnetlabError: no weight learns.
    """
    from resnetlab.analysis.landscape import measure_landscape

    images, fewer = affordable(subject, POINTS**2 + LINE_POINTS, len(subject.images), 10 * MULTIPLY_ADDS)
    examples, settings = subject.examples.first(images), fast_settings(subject)
    plane = measure_landscape(subject.model, examples, settings, subject.say)
    line = measure_landscape(subject.model, examples, replace(settings, points=LINE_POINTS, directions=1), subject.say)
    curvature, why = _curvature(subject)
    return Section(
        "landscape",
        "The loss around the weights",
        _lead(plane, curvature),
        _figures(plane, line),
        () if curvature is None else (_eigenvalues(curvature),),
        {"plane": plane.as_json(), "line": line.as_json(), "hessian": numbers_of(curvature)},
        not_done=tuple(filter(None, (fewer, why))),
    )


def _curvature(subject: Subject) -> tuple[Curvature | None, str]:
    """The largest eigenvalues, or why they could not be had."""
    from resnetlab.analysis.curvature import measure_curvature

    if little := too_little_for_hessian(subject, LANCZOS_VECTORS):
        return None, f"The Hessian's eigenvalues were not looked for: {little}"
    subject.say(f"{EIGENVALUES} eigenvalues of the Hessian")
    images, _ = affordable(subject, PRODUCTS * PASSES_OF_A_PRODUCT, CURVATURE_IMAGES, 2 * MULTIPLY_ADDS)
    try:
        return measure_curvature(subject.model, subject.examples.first(images), EIGENVALUES, seed=subject.seed), ""
    except (ResnetlabError, RuntimeError) as error:  # a layer without a second derivative says so in its own words
        return None, f"The Hessian's eigenvalues could not be had: {str(error).splitlines()[0]}"


def _figures(plane: Landscape, line: Landscape) -> tuple[SectionFigure, ...]:
    from resnetlab.pages.landscape_figures import line_figure, plane_figure

    along = line_figure(line.steps, line.losses[0])
    return (
        SectionFigure("landscape-plane", "On a plane", plane_figure(plane.steps, plane.losses), _caption(plane)),
        SectionFigure("landscape-line", "On a line", along, "Along the first direction of the plane."),
    )


def fast_settings(subject: Subject) -> LandscapeSettings:
    """A plane of 16 × 16 points, in bfloat16 where the device does that fast."""
    from resnetlab.analysis.landscape import LandscapeSettings
    from resnetlab.training.precision import choose_precision

    choice = choose_precision(subject.images.device.type)
    dtype = choice.dtype if choice.precision == "bf16" else None
    return LandscapeSettings(points=POINTS, dtype=dtype, seed=subject.seed)


def _lead(plane: Landscape, curvature: Curvature | None) -> str:
    edge = [plane.losses[0], plane.losses[-1], *((row[0], row[-1]) for row in plane.losses[1:-1])]
    losses = [loss for side in edge for loss in side]
    lead = (
        f"At the weights the mean loss of {plane.images} images is {number(plane.centre)} nats; on the edge of the "
        f"plane it lies between {number(min(losses))} and {number(max(losses))}."
    )
    if curvature is not None:
        lead += f" The Hessian's largest eigenvalue is {number(curvature.eigenvalues[0])}"
        steep = curvature.eigenvalues[0] > 0
        lead += ": gradient descent with a rate above 2 divided by it would leave this place." if steep else "."
    return lead


def _caption(plane: Landscape) -> str:
    rounding = "" if not plane.rounding else f", which moves the loss in the middle by {number(plane.rounding)}"
    return (
        "Two random directions, every filter scaled to the norm of the network's own (Li et al. 2018); biases and the "
        f"γ and β of norms stay. {STATISTICS[plane.batchnorm].capitalize()}. Cross-entropy of {plane.images} images "
        f"in batches of up to {plane.batch_size}, computed in {plane.dtype}{rounding}."
    )


def _eigenvalues(curvature: Curvature) -> PageTable:
    rows = tuple(
        (str(place), number(value), number(residual))
        for place, (value, residual) in enumerate(
            zip(curvature.eigenvalues, curvature.residuals, strict=True), start=1
        )
    )
    note = (
        f"Of the Hessian of the mean cross-entropy of {curvature.images} images with respect to all "
        f"{curvature.parameters:,} parameters that learn, the largest by value, by Lanczos with "
        f"{curvature.products} products; {STATISTICS[curvature.batchnorm]}. Residual: how far off it may be."
    )
    return PageTable(
        "Largest eigenvalues", ("Place", "Eigenvalue", "Residual"), rows, ("Eigenvalue", "Residual"), note
    )
