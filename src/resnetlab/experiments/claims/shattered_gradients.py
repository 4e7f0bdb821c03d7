"""Gradients at different inputs become unlike as 1/2^L in plain networks and only as 1/√L with skips.

Balduzzi et al. 2017, Theorems 1 to 3: with every ReLU layer two inputs share half of the active units they shared
before, and so the correlation of their gradients halves; in depth the gradient looks like white noise, which no
optimiser can follow. With skips and batch norm it falls with the root of the number of blocks L only.

Protocol: blocks of batch norm, ReLU and linear layer (He initialisation), 128 units wide, with and without skips, 1 to
16 blocks, before the first step. The grid is a path through 25 images, 8 steps from each to the next, scaled to
variance 1. Measured is the autocorrelation of the gradient of the output with respect to the input, at the distance of
two images, where inputs share nothing. Both laws are fitted to it over the depths by least squares, with a free
factor; the effect is the logarithm of the other law's error over that of the law claimed. Two things differ from the
paper's Figures 1 and 2, to be nearer to the assumptions of its theorems: inputs are images, not numbers from −2 to 2,
where neighbours are active alike; and batch norm has fixed statistics, taken from the path.

What this does not show: that shattering is what makes deep plain networks hard to train. What is left after a dozen
plain blocks is the noise of the measurement. Of two laws one fits better; the text gives the exponents that fit best.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from resnetlab.analysis import autocorrelation, input_gradients, reestimate_batchnorm
from resnetlab.data import ImageData
from resnetlab.experiments.base import Arm, Claim, Effect, Kind, Measures, Part, Results, Run
from resnetlab.experiments.statistics import initialisation_interval
from resnetlab.nn import ResidualBlock
from resnetlab.nn.merges import BranchOnly, Merge
from resnetlab.pages.figures import draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import BALDUZZI_2017, Source

PLACES, STEPS = 25, 8
DISTANCE = 2 * STEPS  # beyond one image two points of the path share no end
WIDTH = 128
DEPTHS = (1, 2, 4, 8, 16)
DRAWS = 20
PLAIN, RESIDUAL = "without skips", "with skips"
HALVING, ROOT = "1/2^L", "1/√L"
LAW_OF = {PLAIN: HALVING, RESIDUAL: ROOT}
LAGS = [lag / STEPS for lag in range(DISTANCE + 1)]
LAWS = {HALVING: 0.5 ** np.array(DEPTHS), ROOT: np.array(DEPTHS) ** -0.5}


def path(data: ImageData) -> Float[Tensor, "points pixels 1 1"]:
    """Straight from one training image to the next, at even steps; over the whole path mean 0 and variance 1."""
    images = data.train_images[:PLACES].flatten(1)
    along = torch.arange(STEPS)[:, None] / STEPS
    points = torch.cat([start + along * (end - start) for start, end in pairwise(images)])
    points = points - points.mean(dim=0)
    return (points / points.std())[:, :, None, None]


def network(pixels: int, blocks: int, skips: bool) -> nn.Sequential:
    """Fully connected: a 1×1 convolution on an image of one pixel is a linear layer."""
    hidden = [
        ResidualBlock(
            nn.Sequential(nn.BatchNorm2d(WIDTH), nn.ReLU(), linear(WIDTH, WIDTH, variance=2)),
            merge=Merge() if skips else BranchOnly(),
        )
        for _ in range(blocks)
    ]
    return nn.Sequential(linear(pixels, WIDTH, variance=1), *hidden, linear(WIDTH, 1, variance=1))


def linear(inputs: int, outputs: int, variance: float) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, kernel_size=1, bias=False)
    nn.init.normal_(layer.weight, std=math.sqrt(variance / inputs))
    return layer


def measure(run: Run) -> Measures:
    grid = path(run.data)
    found = []
    for blocks in DEPTHS:
        model = reestimate_batchnorm(network(grid.shape[1], blocks, run.arm.settings), [grid]).eval()
        found.append(autocorrelation(input_gradients(model, grid), DISTANCE, centred=False))
    return {
        "by_depth": [likeness.values[DISTANCE] for likeness in found],
        "along_path": found[-1].values,
        "noise": found[-1].noise,
    }


def best_factor(law: str, curve: NDArray[np.float64]) -> float:
    return float(curve @ LAWS[law] / (LAWS[law] @ LAWS[law]))


def error(law: str, curve: NDArray[np.float64]) -> float:
    """The root mean square of what a law, times the factor that suits it best, leaves of a curve over the depths."""
    return float(np.sqrt(np.mean((curve - best_factor(law, curve) * LAWS[law]) ** 2)))


def fits_better(arm: str, law: str, other: str) -> Effect:
    return lambda at: [math.log(error(other, curve) / error(law, curve)) for curve in at.values(arm, "by_depth")]


PARTS = tuple(
    Part(
        f"{arm} the correlation follows {law} rather than {other}",
        effect=fits_better(arm, law, other),
        above=0.2,
        unit=f"ln error of {other} / of {law}",
        interval=initialisation_interval,
    )
    for (arm, law), other in zip(LAW_OF.items(), (ROOT, HALVING), strict=True)
)


def finding(results: Results) -> str:
    plain, residual = (results.values(arm, "by_depth").mean(axis=0) for arm in (PLAIN, RESIDUAL))
    kept = (plain[DEPTHS.index(4)] / plain[0]) ** (1 / 3)
    power = np.polyfit(np.log(DEPTHS), np.log(residual), 1)[0]
    return (
        f"From 1 to 4 blocks each plain block leaves {kept:.2f} of the correlation of gradients two images apart "
        f"(law: 0.5); with skips it falls as L to the power {power:.2f} (law: −0.5). {DEPTHS[-1]} plain blocks leave "
        f"{plain[-1]:.3f}, those with skips {residual[-1]:.3f}; noise alone would give "
        f"±{results.values(PLAIN, 'noise').mean():.3f}."
    ).replace("-", "−")


def figure(results: Results) -> Figure:
    drawn, (along, over) = new_figure(columns=2)
    draw_curves(along, {arm: results.values(arm, "along_path") for arm in LAW_OF}, LAGS, every=4)
    draw_curves(over, {arm: results.values(arm, "by_depth") for arm in LAW_OF}, DEPTHS)
    for (arm, law), dots in zip(LAW_OF.items(), (":", (0, (1, 3))), strict=True):
        fitted = best_factor(law, results.values(arm, "by_depth").mean(axis=0)) * LAWS[law]
        over.plot(DEPTHS, fitted, color="black", linestyle=dots, linewidth=1.3, label=law)
    label(along, f"distance on the path, images ({DEPTHS[-1]} blocks)", "autocorrelation of the gradient")
    label(over, "blocks L (two images apart)", "", log_x=True)
    over.set_xticks(DEPTHS, map(str, DEPTHS))
    over.set_xticks([], minor=True)
    note = seeds_text({len(results.of(arm)) for arm in LAW_OF}, "band")
    handles, names = over.get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=9, title=note)
    return drawn


CLAIM = Claim(
    slug="shattered_gradients",
    doc=__doc__,
    source=Source(BALDUZZI_2017, "Theorems 1 to 3"),
    kinds=(Kind.INITIALISATION,),
    arms=(Arm(PLAIN, settings=False, seeds=DRAWS), Arm(RESIDUAL, settings=True, seeds=DRAWS)),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
