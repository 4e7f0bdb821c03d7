"""Removing or shuffling several blocks at test time degrades a residual network smoothly.

Veit et al. 2016 remove up to 20 random blocks of a trained network of 54 at once, and let blocks change places: the
error grows smoothly with the number removed (Figure 5a) and with the disorder, measured by Kendall's τ between the old
order and the new one (Figure 5b). Ensembles behave so; a chain of steps that build on one another would break at once.

Protocol: residual-56 of the pool, 27 blocks, in evaluation mode. Of the 25 that keep their shape, 1 to 10 are removed,
one more at a time, in 20 random orders; and 1 to 6 random pairs of the same shape change places, one more at a time,
20 times over. Each order has a tenth of the test images. Smooth means, in each network: over all these lesions the
rank correlation of the error with the number of blocks removed, or with the share (1 - τ) / 2 of pairs that are out of
order, is above 0.8; and one more block or swap never adds 15 points to the mean of the 20.

On natural images: errors are many before anything is removed, so that a jump is a sixth of what the network is better
than chance, as 15 points are of a network that has few errors.

What this does not show: that the network is an ensemble of its paths. A chain of small steps would degrade smoothly as
well. On a tenth of the test images (39 digits, where one error is 2.6 points; 200 natural images) there is noise in
every lesion, which pulls the rank correlations down, below what all test images would give. With 27 blocks instead of
54, and a first one that matters most, single lesions differ more than in the paper.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from resnetlab.analysis import removable_blocks, shuffled
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.block_lesions import disorder, errors_without, percent_wrong, swap_by_swap
from resnetlab.experiments.tiers import NATURAL, Tier
from resnetlab.pages.figures import TEXT_SIZE, draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import VEIT_2016, Source

REMOVED = range(1, 11)
SWAPS = range(1, 7)
ORDERS = 20
PORTIONS = 10  # of the test images; each order is tested on one
CORRELATED, JUMP = 0.8, 15.0  # Spearman's ρ; points of error
(ARM,) = ARMS = pool.arms("resnet56")


@torch.no_grad()
def measure(run: Run) -> Measures:
    assert run.trained is not None
    model, data = run.trained.model, run.data
    size = len(data.test_labels) // PORTIONS
    portions = torch.arange(size * PORTIONS).view(size, PORTIONS).T.repeat(ORDERS // PORTIONS, 1)
    images, labels = data.test_images[portions], data.test_labels[portions]  # (orders, size, …)
    whole = percent_wrong(model, images, labels).mean().item()
    blocks = removable_blocks(model, data.test_images[:1])
    random = np.random.default_rng(run.seed)
    far: list[list[float]] = [[] for _ in range(ORDERS)]
    wrong: list[list[float]] = [[] for _ in range(ORDERS)]
    for at in range(ORDERS):
        for order in swap_by_swap(blocks, len(SWAPS), random):
            far[at].append(disorder(order))
            with shuffled(model, order):
                wrong[at].append(percent_wrong(model, images[at, None], labels[at, None]).item())
    victims = [random.permutation(list(blocks)).tolist() for _ in range(ORDERS)]
    removed = errors_without(model, victims, REMOVED, images, labels)
    chance = 100 * (1 - 1 / len(data.classes))
    return {"whole": whole, "chance": chance, "removed": removed, "disorder": far, "shuffled": wrong}


def correlation_with_removed(results: Results) -> list[float]:
    counts = [REMOVED] * ORDERS
    return [_rank_correlation(counts, run["removed"]) for run in results.of(ARM.name)]


def correlation_with_disorder(results: Results) -> list[float]:
    return [_rank_correlation(run["disorder"], run["shuffled"]) for run in results.of(ARM.name)]


def _rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    return float(stats.spearmanr(np.ravel(one), np.ravel(other)).statistic)


def mean_errors(results: Results, of: str) -> NDArray[np.float64]:
    """(seeds, levels), % wrong; the first level is the untouched network."""
    return np.column_stack([results.values(ARM.name, "whole"), results.values(ARM.name, of).mean(axis=1)])


def room_below_jump(results: Results, of: str) -> NDArray[np.float64]:
    """How far the largest growth of the mean error from one level to the next stays below a jump, in points."""
    return JUMP - np.diff(mean_errors(results, of), axis=1).max(axis=1)


def room_below_sixth(results: Results, of: str) -> NDArray[np.float64]:
    """How far that growth stays below a sixth of what the network is better than chance, as a share of this."""
    better = results.values(ARM.name, "chance") - results.values(ARM.name, "whole")
    room: NDArray[np.float64] = 1 / 6 - np.diff(mean_errors(results, of), axis=1).max(axis=1) / better
    return room


def few_points(name: str, of: str) -> Part:
    unit = f"{JUMP:g} minus the largest growth in points of error"
    return Part(name, partial(room_below_jump, of=of), 0.0, unit, tiers=(Tier.QUICK,))


def small_share(name: str, of: str) -> Part:
    return Part(name, partial(room_below_sixth, of=of), 0.0, "a sixth minus the largest share", tiers=NATURAL)


PARTS = (
    Part("the more blocks are removed, the more errors", correlation_with_removed, CORRELATED, "Spearman's ρ"),
    few_points("one block more never adds 15 points of error", "removed"),
    Part("the more blocks are out of order, the more errors", correlation_with_disorder, CORRELATED, "Spearman's ρ"),
    few_points("one swap more never adds 15 points of error", "shuffled"),
    small_share("one block more never costs a sixth of what the network is better than chance", "removed"),
    small_share("one swap more never costs a sixth of what the network is better than chance", "shuffled"),
)


def finding(results: Results) -> str:
    removed, shuffled = (mean_errors(results, of).mean(axis=0) for of in ("removed", "shuffled"))
    one, other = np.mean(correlation_with_removed(results)), np.mean(correlation_with_disorder(results))
    return (
        f"The mean error rises from {removed[0]:.1f} % to {removed[-1]:.1f} % as {REMOVED[-1]} blocks are removed and "
        f"to {shuffled[-1]:.1f} % after {SWAPS[-1]} swaps. For single lesions the rank correlation is {one:.2f} with "
        f"the number removed and {other:.2f} with the disorder: it matters as well which blocks they are."
    )


def figure(results: Results) -> Figure:
    drawing, (left, right) = new_figure(columns=2)
    far = results.values(ARM.name, "disorder").mean(axis=(0, 1))
    draw_lesions(left, results, "removed", [0, *REMOVED])
    draw_lesions(right, results, "shuffled", [0, *far])
    label(left, "blocks removed, of 27", "test images wrong, %")
    label(right, "share of pairs out of order", "test images wrong, %")
    left.legend(frameon=False, fontsize=TEXT_SIZE - 1, loc="upper left")
    drawing.suptitle(seeds_text({len(results.of(ARM.name))}, "band"), fontsize=TEXT_SIZE - 1)
    return drawing


def draw_lesions(axes: Axes, results: Results, of: str, x: list[float]) -> None:
    """The mean error at every level, and between which errors the middle half of all single lesions lies."""
    draw_curves(axes, {"mean": mean_errors(results, of)}, x)
    low, high = np.percentile(results.values(ARM.name, of), [25, 75], axis=(0, 1))
    axes.set_ylim(-4, 110)
    axes.vlines(x[1:], low, high, color="black", alpha=0.35, linewidth=5, label="half of the single lesions")


CLAIM = Claim(
    slug="lesion_many_blocks",
    doc=__doc__,
    source=Source(VEIT_2016, "Figure 5"),
    kinds=(Kind.POOL,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
