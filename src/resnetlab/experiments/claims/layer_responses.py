"""The layers of a trained residual network respond less than those of a plain one, and less the deeper it is.

He et al. 2015 expect residual functions to be closer to zero than functions without a skip: a block only has to add a
correction to what it got. They show it by the standard deviation of every 3×3 layer's response after batch
normalisation and before ReLU and addition, in networks trained on CIFAR-10: those of ResNets are generally smaller
than those of plain nets, and smaller in ResNet-110 and ResNet-56 than in ResNet-20.

Protocol: plain and residual networks of 20 and 56 layers from the pool. All test images pass as one batch,
normalised by its own statistics, for the running ones of plain-56 lag behind. The response of a layer is the standard
deviation of its batch norm's output over images, positions and channels, read at every 3×3 convolution. A network's
response is the mean of their logarithms; an effect is the logarithm of the ratio of two networks' responses, paired by
seed. Before training all nets respond alike: with γ = 1 and β = 0 every batch norm puts out a standard deviation of
one. What differs has been learned.

What this does not show: that small responses are why residual networks train well. A response after batch norm is the
size of the learned γ and β, which a few epochs hardly move where the training is easy; the paper trained for 64,000
steps with weight decay. And plain-56, whose first layers grow, hardly learns at all at this scale.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from resnetlab.analysis import probe_signal
from resnetlab.experiments import pool
from resnetlab.experiments.base import Claim, Kind, Measures, Part, Results, Run
from resnetlab.pages.figures import TEXT_SIZE, draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import HE_2015, Source

PAIRS = (("plain20", "resnet20"), ("plain56", "resnet56"))
ARMS = pool.arms(*PAIRS[0], *PAIRS[1])


def measure(run: Run) -> Measures:
    assert run.trained is not None
    return {"responses": responses(run.trained.model, run.data.test_images)}


def responses(model: nn.Module, images: Float[Tensor, "n c h w"]) -> list[float]:
    """The standard deviation after every batch norm, in the order of the calls; each follows a 3×3 convolution."""
    model.train()  # the batch's own statistics; the probe gives the running ones back
    norms = [name for name, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]
    return [layer.std for layer in probe_signal(model, images, names=norms).layers]


def log_responses(results: Results, arm: str) -> NDArray[np.float64]:
    """A network's response by seed: the mean logarithm over its layers."""
    return np.log(results.values(arm, "responses")).mean(axis=1)


def log_ratio(results: Results, larger: str, smaller: str) -> NDArray[np.float64]:
    return log_responses(results, larger) - log_responses(results, smaller)


PARTS = (
    Part(
        "residual-20 responds less than plain-20",
        effect=partial(log_ratio, larger="plain20", smaller="resnet20"),
        above=0.0,
        unit="log ratio of standard deviations",
    ),
    Part(
        "residual-56 responds less than plain-56",
        effect=partial(log_ratio, larger="plain56", smaller="resnet56"),
        above=0.0,
        unit="log ratio of standard deviations",
    ),
    Part(
        "residual-56 responds less than residual-20",
        effect=partial(log_ratio, larger="resnet20", smaller="resnet56"),
        above=0.0,
        unit="log ratio of standard deviations",
    ),
)


def finding(results: Results) -> str:
    typical = {arm.name: math.exp(log_responses(results, arm.name).mean()) for arm in ARMS}
    return (
        f"A layer's response, 1 before training, is typically {typical['plain20']:.3f} in plain-20 and "
        f"{typical['resnet20']:.3f} in residual-20, {typical['plain56']:.3f} in plain-56 and "
        f"{typical['resnet56']:.3f} in residual-56 (geometric means over layers and seeds)."
    )


def figure(results: Results) -> Figure:
    drawing, axes = new_figure(columns=2)
    for one, arms in zip(axes, PAIRS, strict=True):
        lines = {arm: results.values(arm, "responses") for arm in arms}
        layers = max(rows.shape[1] for rows in lines.values())
        draw_curves(one, lines, every=max(1, layers // 8))
        label(one, "3×3 layer, from the input", "std after batch norm", log_y=True)
        one.legend(frameon=False, fontsize=TEXT_SIZE - 0.5)
    drawing.suptitle(seeds_text({len(results.of(arm.name)) for arm in ARMS}, "band"), fontsize=TEXT_SIZE - 1)
    return drawing


CLAIM = Claim(
    slug="layer_responses",
    doc=__doc__,
    source=Source(HE_2015, "Figure 7"),
    kinds=(Kind.POOL,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
