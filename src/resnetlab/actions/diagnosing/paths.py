"""Which paths the gradient takes: by the number of branches on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from resnetlab.actions.diagnosing.cost import affordable
from resnetlab.actions.diagnosing.diagnosis import Section, SectionFigure, Subject
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.numbers import number, percent

if TYPE_CHECKING:
    from resnetlab.analysis.paths import PathGradient

IMAGES = 32
PATHS, FEWER_PATHS = 8, 3  # of each length; fewer through many blocks
MANY_BLOCKS = 33


def paths_section(subject: Subject) -> Section:
    """How much of the gradient at the images comes through paths of each length.

    Raises:
        ResnetlabError: no residual addition was found, or no gradient comes to the images.
    """
    from torch.nn import functional as F

    from resnetlab.analysis.junctions import find_junctions
    from resnetlab.analysis.paths import central_lengths
    from resnetlab.analysis.unfolding import path_gradients

    junctions = find_junctions(subject.model, subject.image_size)
    if not junctions:
        raise ResnetlabError("no residual addition was found: all of the gradient comes through one path")
    blocks = len(junctions)
    paths = PATHS if blocks < MANY_BLOCKS else FEWER_PATHS
    count, fewer = affordable(subject, paths * blocks, min(IMAGES, subject.batch_size))
    images, labels = subject.images[:count], subject.labels[:count]
    subject.say(f"following paths through {blocks} blocks")
    loss = partial(F.cross_entropy, target=labels)
    rows = path_gradients(subject.model, junctions, images, loss, paths_per_length=paths, seed=subject.seed)
    central = central_lengths([row.share_of_gradient for row in rows])
    return Section(
        "paths",
        "Which paths the gradient takes",
        _lead(rows, central, count),
        _figures(rows, paths),
        numbers={
            "images": count,
            "blocks": [junction.block for junction in junctions],
            "central_90_percent": list(central),
            "lengths": [asdict(row) for row in rows],
        },
        not_done=(fewer,) if fewer else (),
    )


def _lead(rows: Sequence[PathGradient], central: tuple[int, int], images: int) -> str:
    blocks, (low, high) = len(rows) - 1, central
    among = sum(row.share_of_paths for row in rows[low : high + 1])
    return (
        f"Each of the {blocks} blocks can be passed through its branch or around it: 2^{blocks} paths. The "
        f"central 90 % of the gradient at {images} images come through paths of {low} to {high} branches, "
        f"{percent(among)} of all paths; a path through no branch carries a gradient of {number(rows[0].norm)}, one "
        f"through all {number(rows[-1].norm)}."
    )


def _figures(rows: Sequence[PathGradient], paths: int) -> tuple[SectionFigure, ...]:
    from resnetlab.pages.inside_figures import path_norms_figure, path_shares_figure

    shares = path_shares_figure(
        [row.share_of_gradient for row in rows],
        [row.share_of_paths for row in rows],
        [row.share_error for row in rows],
    )
    norms = path_norms_figure([row.norm for row in rows], [row.norm_error for row in rows])
    caption = (
        f"{paths} random paths of each length, batch norms with their running statistics; "
        "the number of paths times the mean norm through one is what a length contributes (Veit et al. 2016, Fig. 6). "
        "Norms are added up, so that what cancels between paths is not seen. Bars are standard errors."
    )
    return (
        SectionFigure("paths-length", "Gradient by path length", shares, caption),
        SectionFigure(
            "paths-norm",
            "Through a single path",
            norms,
            "Mean over the paths drawn of each length, with its standard error.",
        ),
    )
