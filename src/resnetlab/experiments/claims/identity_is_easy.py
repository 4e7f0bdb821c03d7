"""A residual block learns the identity with ease: it only has to set its weights to zero.

He et al. 2015, Section 3.1, motivate residual learning so: if the identity were optimal, it would be easier to push
the residual to zero than to fit an identity by a stack of nonlinear layers. A lesson makes of it that zeroing all
weights gives the identity.

Protocol: one basic block of 8 channels with batch norm, in float64 and training mode. Its convolutions are set to
zero, with γ and β as drawn, as learned, or zero as well; or the γ and β of its last norm alone. What counts is whether
x comes back exactly, and whether a gradient arrives where a loss asks for some random output. Then three blocks in a
row, plain or residual, from the same draw and on the same batches, are trained to give back features of digits (a
random 3×3 convolution with ReLU): 100 steps of SGD with momentum 0.9, batches of 64, each kind at the best learning
rate of 0.1, 0.03, 0.01, 0.003, 0.001 and 0.0003 for three other seeds. The effect is the difference of the logarithms
of the mean squared error, relative to the features' variance, over the last ten steps.

On natural images: tuned there anew, on the same grid and for three other seeds; the best rates are the same.

What this does not show: that the identity is what blocks of a trained network should compute, or do; projections,
where a block changes the shape, have no zero that makes them the identity.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.experiments.base import Arm, Claim, Contrast, Exact, Kind, Measures, Outcome, Part, Results, Run
from resnetlab.experiments.tiers import by_tier
from resnetlab.nn import BasicBlock
from resnetlab.pages.figures import curves
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.specs.parts import NoShortcut, Projection

CHANNELS, BLOCKS = 8, 3
STEPS, BATCH, LAST = 100, 64, 10


def measure_block(run: Run) -> Measures:
    """How far the block's output is from x, at most, and the largest gradients, by what has been set to zero."""
    positive, signed = torch.rand(4, CHANNELS, 8, 8).double(), torch.randn(4, CHANNELS, 8, 8).double()
    target = torch.randn(4, CHANNELS, 8, 8).double()
    zeroed, shifted, learned, silent, gated = (BasicBlock(CHANNELS, CHANNELS).double() for _ in range(5))
    for block in (zeroed, shifted, learned):
        set_to_zero(block, "conv")
    shifted.get_parameter("bn2.bias").data.normal_()
    learned.get_parameter("bn1.bias").data.normal_()
    set_to_zero(silent, "")
    set_to_zero(gated, "bn2")
    return {
        "zeroed": distance(zeroed, positive),
        "shifted": distance(shifted, positive),
        "signed": distance(zeroed, signed),
        "gated": distance(gated, positive),
        "zeroed_gradient": max(largest_gradient(block, positive, target, "conv") for block in (zeroed, silent)),
        "learned_gradient": largest_gradient(learned, positive, target, "conv"),
        "gated_gradient": largest_gradient(gated, positive, target, "bn2.weight"),
    }


def set_to_zero(block: nn.Module, of: str) -> None:
    for parameter in parameters_of(block, of):
        nn.init.zeros_(parameter)


def parameters_of(block: nn.Module, of: str) -> list[nn.Parameter]:
    """Those whose names begin so."""
    return [parameter for name, parameter in block.named_parameters() if name.startswith(of)]


def distance(block: nn.Module, x: Tensor) -> float:
    return (block(x) - x).abs().max().item()


def largest_gradient(block: nn.Module, x: Tensor, target: Tensor, of: str) -> float:
    """Of the parameters whose names begin so, for a loss that asks for the target."""
    gradients = torch.autograd.grad(F.mse_loss(block(x), target), parameters_of(block, of))
    return torch.cat([gradient.flatten() for gradient in gradients]).abs().max().item()


def measure(run: Run) -> Measures:
    """The relative error of every step in training to give back what comes in."""
    stem = nn.Conv2d(run.data.channels, CHANNELS, 3, padding=1).requires_grad_(False)
    shortcut, rates = run.arm.settings
    lr = rates[run.tier]
    model = nn.Sequential(*(BasicBlock(CHANNELS, CHANNELS, shortcut=shortcut) for _ in range(BLOCKS)))
    features = stem(run.data.train_images).relu()
    variance = features.var()
    optimiser = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    errors = []
    for _ in range(STEPS):
        batch = features[torch.randint(len(features), (BATCH,))]
        error = F.mse_loss(model(batch), batch) / variance
        errors.append(error.item())
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
    diverged = not all(map(math.isfinite, errors))
    if diverged:
        errors = [errors[0]] * STEPS  # it counts as untrained
    return {"errors": errors, "log_error": math.log(np.mean(errors[-LAST:])), "diverged": diverged}


def gives_back(results: Results, case: str) -> Outcome:
    far = results.one(BLOCK.name)[case]
    return Outcome(far == 0, f"differs by {far:.2g}", "differs by 0")


def receives(results: Results, case: str) -> Outcome:
    largest = results.one(BLOCK.name)[case]
    return Outcome(largest > 0, f"largest gradient {largest:.2g}", "above 0")


BLOCK = Arm("block", measure=measure_block)
PLAIN = Arm("plain", (NoShortcut(), by_tier(quick=0.03, standard=0.03)), seeds=5)
RESIDUAL = Arm("residual", (Projection(), by_tier(quick=0.003, standard=0.003)), seeds=5)
PARTS = (
    Exact("zero convolutions give back x ≥ 0 after initialisation", partial(gives_back, case="zeroed")),
    Exact("they give it back whatever β has been learned", partial(gives_back, case="shifted")),
    Exact("they give back x of any sign", partial(gives_back, case="signed")),
    Exact("zero convolutions receive a gradient after initialisation", partial(receives, case="zeroed_gradient")),
    Exact("the last γ and β set to zero give back x ≥ 0", partial(gives_back, case="gated")),
    Exact("the last γ set to zero receives a gradient", partial(receives, case="gated_gradient")),
    Part(
        "residual blocks fit the identity better than plain ones",
        effect=Contrast("log_error", plus=("plain",), minus=("residual",)),
        above=0.1,
        unit="log relative error",
    ),
)


def finding(results: Results) -> str:
    plain, residual = (100 * np.exp(results.values(arm, "log_error").mean()) for arm in ("plain", "residual"))
    learned = results.one(BLOCK.name)["learned_gradient"]
    return (
        f"After {STEPS} steps {BLOCKS} residual blocks miss {residual:.2g} % of the features' variance and plain ones "
        f"{plain:.2g} %. But zeroed convolutions are the identity only for x ≥ 0 and a last β of 0, and where no β of "
        "the first norm is positive, as after initialisation, no gradient takes them away from zero; with "
        f"random ones the largest is {learned:.2g}. Zeroing the last γ and β does what the lesson means."
    )


def figure(results: Results) -> Figure:
    lines = {arm.name: results.values(arm.name, "errors") for arm in (PLAIN, RESIDUAL)}
    return curves(lines, x="training step", y="error / variance of the features", log_y=True)


CLAIM = Claim(
    slug="identity_is_easy",
    doc=__doc__,
    source=Source(HE_2015, "Section 3.1"),
    kinds=(Kind.EXACT, Kind.TRAINS),
    trains_on_all=True,
    arms=(BLOCK, PLAIN, RESIDUAL),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
