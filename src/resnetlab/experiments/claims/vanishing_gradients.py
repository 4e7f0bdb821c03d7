"""The gradients of deep plain networks, which degrade, vanish at initialisation.

Tutorials give vanishing gradients as the reason why a deeper plain network trains worse, and skips as the remedy. He
et al. 2015, §4.1, who found the degradation, argue that this is unlikely: their plain networks have batch norm, and
with it the gradients they looked at had healthy norms.

Protocol: plain and residual networks of one stage, 16 channels, before the first step: with and without BN, He and
PyTorch's own initialisation, 20 and 56 layers, sigmoid and ReLU. One batch of 8 images goes through and back in double
precision. A gradient vanishes where the logarithm of its norm at the outputs of the blocks' last convolutions falls,
toward the input, by more than 0.1 a layer: a factor of 200 over 54 layers. The three parts ask it of the plain net of
56 layers with He initialisation. The third decides: the paper's plain networks, which degrade, have ReLUs and BN;
those here are narrower and of one stage. "Reversed" only means that at initialisation the gradient grows toward the
input.

What this does not show: why deep plain networks degrade. Nothing is trained: these are gradients at the start and not
along training, where they might still vanish, and one that grows may do harm as well. See `degradation` for networks
that are trained, and `shattered_gradients` for what else there is to see in a gradient. The norm at a layer's output
is compared, not that of its weights, which in a ReLU net without BN is alike in all layers however small it became.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

from matplotlib.figure import Figure

from resnetlab.experiments.base import Arm, Claim, Kind, Measures, Part, Results, Run
from resnetlab.experiments.fresh_gradients import (
    ACTIVATIONS,
    INITS,
    NORMS,
    FreshNetwork,
    GradientNorms,
    gradient_norms,
    lost_per_layer,
)
from resnetlab.experiments.statistics import Verdict, default_verdict, initialisation_interval
from resnetlab.pages.figures import draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import HE_2015, Source

DEEP = 56
SIGMOID = FreshNetwork(DEEP, norm="none", activation="sigmoid")
RELU = FreshNetwork(DEEP, norm="none")
RELU_BN = FreshNetwork(DEEP, norm="batch")
DECIDING = (SIGMOID, RELU, RELU_BN)
DRAWS, FEW_DRAWS = 20, 3  # the other networks are shown, not judged
NETWORKS = tuple(
    FreshNetwork(depth, skips, norm, activation, init)
    for activation, depth, init, skips, norm in product(ACTIVATIONS, (20, DEEP), INITS, (False, True), NORMS)
)
ARMS = tuple(Arm(str(network), network, DRAWS if network in DECIDING else FEW_DRAWS) for network in NETWORKS)


def measure(run: Run) -> Measures:
    return measures_of(gradient_norms(run.arm.settings, run.data))


def measures_of(norms: GradientNorms) -> Measures:
    return {"lost_per_layer": lost_per_layer(norms.signal), "log_signal": [math.log10(norm) for norm in norms.signal]}


def vanishes(name: str, network: FreshNetwork) -> Part:
    return Part(
        name,
        effect=lambda results: results.values(str(network), "lost_per_layer"),
        above=0.1,
        unit="ln gradient norm lost per layer",
        interval=initialisation_interval,
    )


PARTS = (
    vanishes("it vanishes in a plain net of sigmoids", SIGMOID),
    vanishes("it vanishes in a plain net of ReLUs with He initialisation", RELU),
    vanishes("it vanishes in a plain net of ReLUs with BN", RELU_BN),
)


def rule(parts: Mapping[str, Verdict]) -> Verdict:
    return default_verdict(parts, decides=[PARTS[2].name])


def finding(results: Results) -> str:
    def change(network: FreshNetwork) -> str:
        factor = math.exp(-results.values(str(network), "lost_per_layer").mean())
        return f"{factor - 1:+.0%}".replace("-", "−")

    default = FreshNetwork(DEEP, norm="none", init="pytorch")
    skips = FreshNetwork(DEEP, skips=True, norm="none", activation="sigmoid")
    return (
        f"On its way to the input each layer of plain-56 with He initialisation changes the gradient by "
        f"{change(SIGMOID)} with sigmoids, by {change(RELU)} with ReLUs and by {change(RELU_BN)} with ReLUs and BN. "
        f"Initialisation and activation count: with ReLUs and PyTorch's own initialisation, without BN, it is "
        f"{change(default)}, and in a residual net of sigmoids {change(skips)}."
    )


def figure(results: Results) -> Figure:
    return over_layers([net for net in NETWORKS if (net.depth, net.init) == (DEEP, "he")], results)


def over_layers(networks: Sequence[FreshNetwork], results: Results) -> Figure:
    """The gradient over the layers of networks of one depth, a panel for each activation."""
    drawn, panels = new_figure(columns=len(ACTIVATIONS))
    shown = [network for network in networks if results.of(str(network))]
    for axes, activation in zip(panels, ACTIVATIONS, strict=True):
        here = [network for network in shown if network.activation == activation]
        lines = {network.kind: results.values(str(network), "log_signal") for network in here}
        draw_curves(axes, lines, shown[0].block_ends, every=4)
        axes.set_title({"sigmoid": "sigmoid", "relu": "ReLU"}[activation], fontsize=10)
        label(axes, "layer, from the input", "gradient norm at its output, log₁₀")
    note = seeds_text({len(results.of(str(network))) for network in shown}, "band")
    handles, names = panels[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=9, title=note)
    return drawn


CLAIM = Claim(
    slug="vanishing_gradients",
    doc=__doc__,
    source=Source(HE_2015, "§4.1, against tutorials"),
    kinds=(Kind.INITIALISATION,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    rule=rule,
    finding=finding,
)
