"""A residual network is 2^n paths, and its gradient comes through the few short ones.

Veit et al. 2016 unfold n residual blocks into 2^n paths, each block being passed through its branch or around it. In a
trained network of 54 blocks the gradient through a path falls so fast with the number of branches on it that nearly
all of the gradient comes through paths of 5 to 17 blocks, 10 to 34 layers deep: 0.45 % of all paths (Section 5, Figure
6).

Protocol: that the gradients of all 2^n paths add up to the gradient is computed in float64 for a network of 6 blocks;
how many paths are of which length, exactly. For residual-56 of the pool (27 blocks, training mode, 32
training images) 8 random paths of each length tell the mean norm of the gradient at the first block through one path;
times the number of paths that is what a length contributes. The central 90 % of it lie between two lengths, and the
upper one is compared with n/2, half of all blocks, the length of the typical path.

What this does not show: how paths add up. Contributions are norms; gradients of different paths may cancel or be much
alike. "10 to 34 layers" belongs to the 54 blocks of the paper's network. And a path's gradient depends on the other
paths, through the activations that they all meet.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis import ResidualStep, gradient_by_path_length, path_length_distribution, share_of_paths
from resnetlab.analysis.paths import UnfoldedNetwork, central_lengths
from resnetlab.experiments import pool
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.printed import agrees
from resnetlab.nn import ResidualNetwork
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import VEIT_2016, Source
from resnetlab.weights import create_model

IMAGES = 32
PATHS = 8  # of each length
MASS = 0.9
ROUNDING = 1e-12  # relative, in float64
VEIT_BLOCKS, VEIT_LENGTHS, VEIT_SHARE = 54, (5, 17), "0.45"


def measure_sum(run: Run) -> Measures:
    """How far the sum over all paths is from the gradient, relative to it, in float64."""
    model = create_model("resnet20", 10, run.data.channels, width=4, depths=(2, 2, 2)).double()
    steps, x, loss = unfolded(model, run.data.train_images[:4].double(), run.data.train_labels[:4])
    network = UnfoldedNetwork(steps, x, loss)
    paths = [network.gradient(chosen) for chosen in itertools.product((False, True), repeat=len(steps))]
    y = x.requires_grad_()
    for step in steps:
        y = step.after(step.branch(y) + step.skip(y))
    (whole,) = torch.autograd.grad(loss(y), x)
    return {
        "blocks": len(steps),
        "paths": len(paths),
        "difference": ((sum(paths) - whole).norm() / whole.norm()).item(),
    }


def measure(run: Run) -> Measures:
    assert run.trained is not None
    model, data = run.trained.model.train(), run.data
    steps, x, loss = unfolded(model, data.train_images[:IMAGES], data.train_labels[:IMAGES])
    lengths = gradient_by_path_length(steps, x, loss, paths_per_length=PATHS, seed=run.seed)
    return {"gradient": [row.share_of_gradient for row in lengths], "norm": [row.norm for row in lengths]}


def unfolded(
    model: nn.Module, images: Tensor, labels: Tensor
) -> tuple[list[ResidualStep], Tensor, Callable[[Tensor], Tensor]]:
    """The blocks, what enters the first of them, and the loss of what leaves the last."""
    assert isinstance(model, ResidualNetwork)
    x = model.maxpool(model.relu(model.bn1(model.conv1(images)))).detach()
    steps = [ResidualStep(block.branch, block.shortcut, block.after) for block in model.blocks]
    return steps, x, lambda y: F.cross_entropy(model.fc(model.avgpool(y).flatten(1)), labels)


def edges(shares: Sequence[float]) -> tuple[int, int]:
    """The lengths between which the central 90 % lie: at most 5 % are shorter, at most 5 % longer."""
    return central_lengths([float(share) for share in shares], MASS)


def room_below_half(results: Results) -> list[float]:
    return [(len(row) - 1) / 2 - edges(row)[1] for row in results.values(TRAINED.name, "gradient")]


def paths_add_up(results: Results) -> Outcome:
    found = results.one(ALL_PATHS.name)
    holds = found["paths"] == 2 ** found["blocks"] and found["difference"] < ROUNDING
    measured = f"{found['paths']} paths, relative difference {found['difference']:.1g}"
    return Outcome(holds, measured, f"2^{found['blocks']} paths, less than {ROUNDING:g}")


def share_agrees(results: Results) -> Outcome:
    share = 100 * float(share_of_paths(VEIT_BLOCKS, *VEIT_LENGTHS))
    return Outcome(agrees(share, VEIT_SHARE), f"{share:.4f} %", f"{VEIT_SHARE} %")


ALL_PATHS = Arm("all paths", measure=measure_sum)
(TRAINED,) = pool.arms("resnet56")
PARTS = (
    Exact("the gradients of all 2^n paths add up to the gradient", paths_add_up),
    Exact("of the paths through 54 blocks 0.45 % go through 5 to 17 branches", share_agrees),
    Part(
        "the central 90 % of the gradient come through less than half of the blocks",
        effect=room_below_half,
        above=0.0,
        unit="blocks: n/2 minus the upper edge",
    ),
)


def finding(results: Results) -> str:
    shares = results.values(TRAINED.name, "gradient")
    blocks = shares.shape[1] - 1
    low, high = np.mean([edges(row) for row in shares], axis=0)
    of_paths = np.mean([float(share_of_paths(blocks, *edges(row))) for row in shares])
    return (
        f"In residual-56, with {blocks} blocks, the central 90 % of the gradient come through paths of {low:.1f} to "
        f"{high:.1f} branches on average: {100 * of_paths:.2g} % of all its paths."
    )


def figure(results: Results) -> Figure:
    shares = results.values(TRAINED.name, "gradient")
    blocks = shares.shape[1] - 1
    paths = np.tile(np.array(path_length_distribution(blocks), dtype=float), (len(shares), 1))
    lines = {"gradient": 100 * shares, "paths": 100 * paths}
    lengths = range(blocks + 1)
    return curves(lines, x=f"branches on the path, of {blocks}", y="share of all, %", x_values=lengths)


CLAIM = Claim(
    slug="path_lengths",
    doc=__doc__,
    source=Source(VEIT_2016, "Section 5, Figure 6"),
    kinds=(Kind.EXACT, Kind.POOL),
    arms=(ALL_PATHS, TRAINED),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
