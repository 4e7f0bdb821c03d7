"""A convolution's bias does nothing where batch norm follows.

Batch norm subtracts each channel's mean over the batch, and a bias is part of that mean: it goes as it came, whatever
its value. That is why convolutions before a batch norm are built without.

Protocol: ResNet-20 of the pool's width, freshly drawn, on 32 images in double precision: as it is, and with a bias
from a standard normal distribution on each of its convolutions; 5 seeds. Compared are the logits, by their largest
difference over the largest logit, in training mode and, with running statistics taken anew from these images, in
evaluation mode; and the gradients of the cross-entropy in training mode, each bias's norm over that of its
convolution's weights. What is below 1e-12 is rounding.

What this does not show: that a bias can be added to or taken from a finished network. In evaluation mode the running
mean stands in the batch's place and knows only what was there when it was taken: a bias that comes or goes later
changes the logits, as the last column shows, unless the mean is moved by as much (folding).
"""

from __future__ import annotations

import copy
import math
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis import probe_gradients, reestimate_batchnorm
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.experiments.trained import Training
from resnetlab.pages.figures import strips
from resnetlab.specs.papers import IOFFE_2015, Source

SEEDS = 5
IMAGES = 32
ROUNDING = 1e-12
TINY = 1e-17  # stands for no difference at all where a logarithm is drawn
ARM = "ResNet-20"
SHOWN = {
    "training": "logits, training mode",
    "gradient": "gradient, bias / weights",
    "evaluation": "logits, evaluation mode",
    "added_later": "evaluation, bias added later",
}


def measure(run: Run) -> Measures:
    images, labels = run.data.train_images[:IMAGES].double(), run.data.train_labels[:IMAGES]
    bare = reestimate_batchnorm(Training("resnet20").build(run.data, run.seed).double(), [images])
    late = with_biases(copy.deepcopy(bare))
    biased = reestimate_batchnorm(late, [images])
    evaluation, added_later = (difference(bare.eval(), other.eval(), images) for other in (biased, late))
    gradients = probe_gradients(biased.train(), images, lambda logits: F.cross_entropy(logits, labels)).parameters
    convolutions = [name for name, layer in biased.named_modules() if isinstance(layer, nn.Conv2d)]
    return {
        "training": difference(bare.train(), biased.train(), images),
        "gradient": max(gradients[f"{name}.bias"] / gradients[f"{name}.weight"] for name in convolutions),
        "evaluation": evaluation,
        "added_later": added_later,
    }


def with_biases(model: nn.Module) -> nn.Module:
    """The same model with a random bias on every convolution."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            assert layer.bias is None, "a convolution has a bias already"
            layer.bias = nn.Parameter(torch.randn(layer.out_channels, dtype=layer.weight.dtype))
    return model


@torch.no_grad()
def difference(one: nn.Module, other: nn.Module, images: Float[Tensor, "n c h w"]) -> float:
    """The largest difference between two networks' logits over the first one's largest."""
    logits = one(images)
    return ((other(images) - logits).abs().max() / logits.abs().max()).item()


def is_rounding(of: str, results: Results) -> Outcome:
    worst = results.values(ARM, of).max()
    return Outcome(bool(worst < ROUNDING), float(worst), f"below {ROUNDING:g}")


PARTS = (
    Exact("in training mode the logits are the same with and without", partial(is_rounding, "training")),
    Exact("the gradient of such a bias is zero", partial(is_rounding, "gradient")),
    Exact(
        "in evaluation mode they are the same where it was there when the statistics were taken",
        partial(is_rounding, "evaluation"),
    ),
)


def finding(results: Results) -> str:
    worst = {of: results.values(ARM, of).max() for of in SHOWN}
    least = results.values(ARM, "added_later").min()
    return (
        f"With random biases the logits of ResNet-20 differ by {worst['training']:.0e} of the largest in training and "
        f"{worst['evaluation']:.0e} in evaluation mode; the gradients of the biases are {worst['gradient']:.0e} of "
        f"those of the weights. Biases added after the statistics were taken change the logits by {least:.0%} or more."
    )


def figure(results: Results) -> Figure:
    groups = {name: np.log10(np.maximum(results.values(ARM, of), TINY)) for of, name in SHOWN.items()}
    return strips(groups, y="relative difference, log₁₀", threshold=math.log10(ROUNDING))


CLAIM = Claim(
    slug="conv_bias_redundant",
    doc=__doc__,
    source=Source(IOFFE_2015, "§3.2"),
    kinds=(Kind.EXACT,),
    arms=(Arm(ARM, seeds=SEEDS),),
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
