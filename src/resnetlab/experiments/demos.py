"""The demonstrations of the founding documents, each one call: numbers, and a figure where it is asked for.

All four take `seed` and `draw`, a file for the figure (.png or .svg), and return what they measured, with a method
`figure()` for notebooks. They run on digits in a few seconds, once and without intervals; the laboratory judges what
they show: `vanishing_gradients`, `bn_learning_rate`, `bn_identity_bias`, `skip_or_init`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.analysis import LayerSignal, probe_signal
from resnetlab.core.errors import ResnetlabError
from resnetlab.data import digits
from resnetlab.experiments.base import Arm, Results, Run
from resnetlab.experiments.claims import bn_learning_rate, vanishing_gradients
from resnetlab.experiments.demonstration import figure_file, seeded, shown
from resnetlab.experiments.fresh_gradients import (
    ACTIVATIONS,
    INITS,
    NORMS,
    FreshNetwork,
    GradientNorms,
    gradient_norms,
)
from resnetlab.experiments.linear_stacks import LinearStack, StackGradients, stack_gradients
from resnetlab.pages.figures import curves
from resnetlab.specs import find_spec
from resnetlab.weights import create_model

RATES = tuple(2.0**exponent for exponent in range(-6, 3, 2))
IMAGES = 64


@dataclass(frozen=True)
class VanishingGradients:
    """Gradient norms of networks before their first step."""

    norms: dict[FreshNetwork, GradientNorms]

    @property
    def signal(self) -> dict[str, tuple[float, ...]]:
        """Norm at the end of every block, input first, by network in words."""
        return {str(network): norms.signal for network, norms in self.norms.items()}

    def figure(self) -> Figure:
        """Norm over layers, a panel for sigmoids and one for ReLUs."""
        measures = {str(network): {0: vanishing_gradients.measures_of(norms)} for network, norms in self.norms.items()}
        return vanishing_gradients.over_layers(list(self.norms), Results(measures))


def vanishing_gradient_demo(depth: int = 20, *, seed: int = 0, draw: Path | str | None = None) -> VanishingGradients:
    """Gradient norm per layer of plain and residual networks, with and without BN, of sigmoids and of ReLUs.

    Args:
        depth: layers of every network, an even number from 6 to 400.
        seed: of the weights.
        draw: file for the figure, .png or .svg.

    Raises:
        ResnetlabError: an impossible depth or seed, or a file that cannot be drawn to.
    """
    file = figure_file(draw)
    networks = [
        FreshNetwork(depth, skips, norm, activation)
        for activation in ACTIVATIONS
        for skips in (False, True)
        for norm in NORMS
    ]
    norms = {}
    for network in networks:
        with seeded(seed):
            norms[network] = gradient_norms(network, digits())
    return shown(VanishingGradients(norms), file)


@dataclass(frozen=True)
class BatchNormEffect:
    """Training losses over learning rates, with and without BN.

    Args:
        rates: learning rates of SGD.
        with_norm: mean cross-entropy over the last epoch at each rate; a run that diverged has the untrained loss.
        without_norm: the same without BN.
        untrained: cross-entropy before the first step, with and without BN.
    """

    rates: tuple[float, ...]
    with_norm: tuple[float, ...]
    without_norm: tuple[float, ...]
    untrained: tuple[float, float]

    @property
    def reachable_rates(self) -> tuple[float | None, float | None]:
        """The largest rates that at least halve the loss, with and without BN; None where none does."""
        found = []
        for losses, untrained in zip((self.with_norm, self.without_norm), self.untrained, strict=True):
            trains = [rate for rate, loss in zip(self.rates, losses, strict=True) if loss < untrained / 2]
            found.append(max(trains, default=None))
        return found[0], found[1]

    def figure(self) -> Figure:
        """Loss over learning rate."""
        lines = {"with BN": self.with_norm, "without BN": self.without_norm}
        drawing = curves(lines, x="learning rate", y="training loss, last epoch", x_values=self.rates, log_x=True)
        (axes,) = drawing.axes
        axes.axhline(self.untrained[0] / 2, color="black", linestyle=":", linewidth=1.2, label="half of the start's")
        axes.legend(frameon=False, fontsize=9)
        return drawing


def batchnorm_effect_demo(
    rates: Sequence[float] = RATES, *, seed: int = 0, draw: Path | str | None = None
) -> BatchNormEffect:
    """How high a learning rate a small ResNet stands with batch norm, and without.

    Args:
        rates: learning rates to try, above 0.
        seed: of weights and data order.
        draw: file for the figure, .png or .svg.

    Raises:
        ResnetlabError: an impossible rate or seed, or a file that cannot be drawn to.
    """
    file = figure_file(draw)
    if not rates or not all(math.isfinite(rate) and rate > 0 for rate in rates):
        raise ResnetlabError(f"rates={tuple(rates)}: a network cannot be trained at these\ngive numbers above 0")
    losses = {}
    for norm in NORMS:
        with seeded(seed):
            losses[norm] = [bn_learning_rate.losses_at(rate, Run(Arm(norm, settings=norm), seed)) for rate in rates]
    trained = {norm: tuple(after for _, after in pairs) for norm, pairs in losses.items()}
    untrained = (losses["batch"][0][0], losses["none"][0][0])
    return shown(BatchNormEffect(tuple(rates), trained["batch"], trained["none"], untrained), file)


@dataclass(frozen=True)
class ActivationStatistics:
    """Mean, standard deviation and dead fraction of what every layer puts out, in the order of the calls."""

    model: str
    layers: tuple[LayerSignal, ...]

    def figure(self) -> Figure:
        """Mean and standard deviation over depth, behind every activation function or, without any, every layer."""
        activations = [row for row in self.layers if row.kind in ("ReLU", "SiLU", "Sigmoid", "Tanh")]
        rows = activations or list(self.layers)
        lines = {"mean": [row.mean for row in rows], "standard deviation": [row.std for row in rows]}
        place = "activation function" if activations else "layer"
        return curves(lines, x=f"{place}, from the input ({self.model})", y="its output")


def layer_activation_stats(
    model: str | nn.Module = "resnet20",
    images: Float[Tensor, "n c h w"] | None = None,
    *,
    seed: int = 0,
    draw: Path | str | None = None,
) -> ActivationStatistics:
    """Mean and spread of every layer's activations, in training mode.

    Args:
        model: a name of the zoo, freshly drawn for digits; or any module, which is left as it was.
        images: (N, C, H, W), normalised as the model expects; digits where not given.
        seed: of the weights of a named model.
        draw: file for the figure, .png or .svg.

    Raises:
        ResnetlabError: an unknown model, an impossible seed, or a file that cannot be drawn to.
    """
    file = figure_file(draw)
    name = model if isinstance(model, str) else type(model).__name__
    inputs = digits().train_images[:IMAGES] if images is None else images
    with seeded(seed):
        if isinstance(model, str):
            least = find_spec(model).smallest_input
            if images is None and least > inputs.shape[-1]:
                inputs = F.interpolate(inputs, size=(least, least), mode="bilinear")
            model = create_model(model, len(digits().classes), inputs.shape[1]).train()
        return shown(ActivationStatistics(name, probe_signal(model, inputs).layers), file)


@dataclass(frozen=True)
class ResidualGradient:
    """Gradient norms in stacks of linear blocks before their first step."""

    norms: dict[LinearStack, StackGradients]

    @property
    def first_layer(self) -> dict[str, float]:
        """Norm of the gradient with respect to the first layer's weights, by stack in words."""
        return {str(stack): norms.first_layer for stack, norms in self.norms.items()}

    def figure(self) -> Figure:
        """Norm at every block's output."""
        lines = {str(stack): [math.log10(norm) for norm in norms.blocks] for stack, norms in self.norms.items()}
        return curves(lines, x="block, from the input", y="gradient norm at its output, log₁₀")


def check_residual_gradient(n_blocks: int = 10, *, seed: int = 0, draw: Path | str | None = None) -> ResidualGradient:
    """First-layer gradient of stacks of linear blocks, plain and residual, with PyTorch's and with He initialisation.

    Args:
        n_blocks: of two linear layers with a ReLU between, 1 to 200.
        seed: of the weights.
        draw: file for the figure, .png or .svg.

    Raises:
        ResnetlabError: an impossible number of blocks or seed, or a file that cannot be drawn to.
    """
    file = figure_file(draw)
    norms = {}
    for init in INITS:
        for skips in (False, True):
            stack = LinearStack(n_blocks, skips, init)
            with seeded(seed):
                norms[stack] = stack_gradients(stack, digits())
    return shown(ResidualGradient(norms), file)
