"""Without skips the loss of a deep network is rough around its weights, with skips it is smooth.

Li et al. 2018 draw the loss on a plane through trained weights, in random directions whose filters have the norms of
the network's own: with 20 layers it is smooth with and without skips, with 56 layers chaotic without and convex with
them (their Figures 1 and 5).

Protocol: plain-56 of the pool as it is after training; and residual-56 from the same draw, trained by SGD at a
constant rate of 0.02 on batches of the same images only until its loss is as low, so that both stand at the same loss,
seed by seed. Both are looked at on the same 128 training images, every batch norm with their statistics. A first part
asks whether the largest eigenvalue of the Hessian is larger without skips. But a network with batch norm can be scaled
without computing anything else, and its eigenvalues then change: a second part asks it of a plane of 9 × 9 points in
filter-normalised directions, up to half of the weights' own norms, where roughness is the root mean square of the
loss's second differences from point to point. Both effects are logarithms of ratios.

What this does not show: the minima. At the loss where plain-56 ends residual-56 has only begun to learn, and its own
surroundings later may look otherwise. A plane shows two of tens of thousands of directions. Skips and depth are
compared at this depth only.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from resnetlab.analysis.curvature import measure_curvature
from resnetlab.analysis.landscape import LandscapeSettings, measure_landscape
from resnetlab.analysis.scoring import Examples
from resnetlab.analysis.untouched import preserved
from resnetlab.core.errors import ResnetlabError
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.benches import ROWS
from resnetlab.experiments.tiers import NATURAL
from resnetlab.experiments.trained import Training
from resnetlab.pages.figures import TEXT_SIZE, new_figure
from resnetlab.specs.papers import LI_2018, Source

IMAGES, BATCH, RATE, MOST_STEPS = 128, 128, 0.02, 2000
PLANE = LandscapeSettings(points=9, extent=0.5, batchnorm="batch")
PLAIN, RESIDUAL = "plain", "residual"
ARM = pool.variant("plain-56, and residual-56 at its loss", "plain56")


def measure(run: Run) -> Measures:
    assert run.trained is not None
    examples = Examples(run.data.train_images[:IMAGES], run.data.train_labels[:IMAGES], BATCH)
    level = loss_of(run.trained.model, examples)
    residual = Training("resnet56", width=ROWS[run.tier].width).build(run.data, run.seed)
    steps = descend(residual, run, examples, level)
    found: dict[str, object] = {"steps": steps}
    for name, model in ((PLAIN, run.trained.model), (RESIDUAL, residual)):
        plane = measure_landscape(model, examples, PLANE)
        curvature = measure_curvature(model, examples, count=1, batchnorm="batch", tolerance=1e-2, seed=run.seed)
        found |= {
            f"{name}_loss": loss_of(model, examples),
            f"{name}_log_top": math.log(curvature.eigenvalues[0]),
            f"{name}_log_roughness": math.log(roughness(np.array(plane.losses))),
            f"{name}_plane": [list(row) for row in plane.losses],
        }
    return found


@torch.no_grad()
def loss_of(model: nn.Module, examples: Examples) -> float:
    """With the statistics of these images, which move no running ones."""
    with preserved(model):
        return F.cross_entropy(model.train()(examples.images), examples.labels).item()


def descend(model: nn.Module, run: Run, examples: Examples, level: float) -> int:
    """Train until the loss is no higher than `level`; the number of steps that it took.

    Raises:
        ResnetlabError: it is still higher after `MOST_STEPS`.
    """
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    order = torch.Generator().manual_seed(run.seed)
    count = len(run.data.train_labels)
    for step in range(MOST_STEPS):
        if loss_of(model, examples) <= level:
            return step
        batch = torch.randint(count, (BATCH,), generator=order)
        loss = F.cross_entropy(model.train()(run.data.train_images[batch]), run.data.train_labels[batch])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    raise ResnetlabError(f"residual-56 has not come down to a loss of {level:.3g} in {MOST_STEPS} steps")


def roughness(plane: NDArray[np.float64]) -> float:
    """The root mean square of second differences along rows and columns; where the loss is infinite, of the others."""
    bends = np.concatenate([np.diff(plane, 2, axis=axis).ravel() for axis in (0, 1)])
    return float(np.sqrt(np.mean(bends[np.isfinite(bends)] ** 2)))


def log_ratio(results: Results, of: str) -> NDArray[np.float64]:
    return results.values(ARM.name, f"{PLAIN}_log_{of}") - results.values(ARM.name, f"{RESIDUAL}_log_{of}")


PARTS = (
    Part(
        "the largest eigenvalue of the Hessian is larger without skips",
        effect=lambda results: log_ratio(results, "top"),
        above=0.0,
        unit="log ratio of eigenvalues",
        tiers=NATURAL,
    ),
    Part(
        "the loss is rougher without skips on a filter-normalised plane",
        effect=lambda results: log_ratio(results, "roughness"),
        above=0.0,
        unit="log ratio of second differences",
        tiers=NATURAL,
    ),
)


def finding(results: Results) -> str:
    def both(of: str) -> list[float]:
        return [float(results.values(ARM.name, f"{name}_{of}").mean()) for name in (PLAIN, RESIDUAL)]

    losses, tops, rough = both("loss"), np.exp(both("log_top")), np.exp(both("log_roughness"))
    return (
        f"At losses of {losses[0]:.2f} and {losses[1]:.2f}, to which residual-56 comes in "
        f"{results.values(ARM.name, 'steps').mean():.0f} steps, the largest eigenvalue is {tops[0]:.3g} without skips "
        f"and {tops[1]:.3g} with them, and the roughness {rough[0]:.2g} and {rough[1]:.2g} (geometric means)."
    )


def figure(results: Results) -> Figure:
    drawn, panels = new_figure(height=3.2, columns=2)
    first = results.of(ARM.name)[0]
    planes = {"without skips": np.array(first[f"{PLAIN}_plane"]), "with skips": np.array(first[f"{RESIDUAL}_plane"])}
    finite = np.concatenate([plane[np.isfinite(plane)] for plane in planes.values()])
    levels = np.linspace(finite.min(), np.quantile(finite, 0.95), 12)
    steps = np.linspace(-PLANE.extent, PLANE.extent, PLANE.points)
    for axes, (name, plane) in zip(panels, planes.items(), strict=True):
        lines = axes.contour(steps, steps, plane, levels=levels, colors="black", linewidths=0.8)
        axes.clabel(lines, fontsize=TEXT_SIZE - 2)
        axes.set_title(f"{name}, one seed", fontsize=TEXT_SIZE)
        axes.set_xlabel("step, of the weights' norm")
    panels[0].set_ylabel("step in the other direction")
    return drawn


CLAIM = Claim(
    slug="skip_smooths_landscape",
    doc=__doc__,
    source=Source(LI_2018, "Figures 1 and 5"),
    kinds=(Kind.POOL, Kind.TRAINS),
    tiers=NATURAL,
    arms=(ARM,),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
