"""Batch norm improves the flow of the gradient.

Tutorials count it among the merits of batch norm: with normalised activations the gradient reaches all layers alike.
Where it does not, the layers near the input learn at another pace than those near the output.

Protocol: plain networks of 20 layers, one stage of 16 channels, before the first step, with and without BN; He
initialisation as it is and with all convolutions multiplied by ½ and by 2. One batch of 8 images goes through and back
in double precision. Spread is the standard deviation over the blocks of the logarithm of the gradient's norm at the
output of the block's last convolution. The effect is the spread without BN minus that with BN, for the same seed;
there is one part for each scale, and the claim rests on all of them.

What this does not show: training. A gradient that is alike in all layers need not lead anywhere, and at a good scale a
network without BN may still train worse; see `bn_learning_rate` and `bn_smooths_landscape`. Nor what skips add.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from resnetlab.experiments.base import Arm, Claim, Contrast, Kind, Measures, Part, Results, Run
from resnetlab.experiments.fresh_gradients import NORMS, FreshNetwork, Norm, gradient_norms, spread_over_layers
from resnetlab.experiments.statistics import initialisation_interval
from resnetlab.pages.figures import draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import IOFFE_2015, Source

DEPTH = 20
DRAWS = 20
SCALES = {0.5: "half of He's scale", 1.0: "He's scale", 2.0: "twice He's scale"}


def network(scale: float, norm: Norm) -> FreshNetwork:
    return FreshNetwork(DEPTH, norm=norm, init_gain=scale)


NETWORKS = tuple(network(scale, norm) for scale in SCALES for norm in NORMS)
ARMS = tuple(Arm(str(net), net, DRAWS) for net in NETWORKS)


def measure(run: Run) -> Measures:
    signal = gradient_norms(run.arm.settings, run.data).signal
    return {"spread": spread_over_layers(signal), "log_signal": [math.log10(norm) for norm in signal]}


PARTS = tuple(
    Part(
        f"at {words} the gradient's norm varies less over the layers with BN",
        effect=Contrast("spread", plus=(str(network(scale, "none")),), minus=(str(network(scale, "batch")),)),
        above=0.2,
        unit="standard deviation of ln gradient norm",
        interval=initialisation_interval,
    )
    for scale, words in SCALES.items()
)


def finding(results: Results) -> str:
    def spreads(scale: float) -> str:
        both = [results.values(str(network(scale, norm)), "spread").mean() for norm in NORMS]
        return f"from {both[0]:.2f} to {both[1]:.2f} at {SCALES[scale]}"

    return (
        f"BN takes the spread of the gradient over the layers {', '.join(map(spreads, SCALES))}: a "
        "scale is what batch norm divides out, so with it the spread is the same at all of them."
    )


def figure(results: Results) -> Figure:
    drawn, panels = new_figure(columns=len(SCALES))
    for axes, (scale, words) in zip(panels, SCALES.items(), strict=True):
        lines = {
            "without BN": results.values(str(network(scale, "none")), "log_signal"),
            "with BN": results.values(str(network(scale, "batch")), "log_signal"),
        }
        draw_curves(axes, lines, NETWORKS[0].block_ends, every=2)
        axes.set_title(words, fontsize=10)
        label(axes, "layer, from the input", "")
        axes.sharey(panels[0])
    panels[0].set_ylabel("gradient norm at its output, log₁₀")
    counts = {len(results.of(arm.name)) for arm in ARMS}
    lines_drawn, names = panels[0].get_legend_handles_labels()
    title = seeds_text(counts, "band")
    drawn.legend(lines_drawn, names, loc="outside lower center", ncols=2, frameon=False, fontsize=9, title=title)
    return drawn


CLAIM = Claim(
    slug="bn_gradient_flow",
    doc=__doc__,
    source=Source(IOFFE_2015, "§3.3, and tutorials"),
    kinds=(Kind.INITIALISATION,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
