"""With a skip the gradient of a block's input is never smaller than that of its output.

Tutorials derive it from y = F(x) + x: the derivative is F′(x) + 1, "so it is always at least 1" and cannot vanish. But
the derivative is a matrix, I + J, and J may point the other way: F = −x/2 halves the gradient, F = −x ends it. In the
original ResNet a ReLU follows the addition and takes its share as well.

Protocol: a residual block of F = −x/2 and one of F = −x, on images in double precision, by automatic differentiation.
Then ResNet-20 of the pool's width with batch norm in evaluation mode, before training (statistics taken from the
training images) and after: for each of 64 test images and each block whose skip is the identity, the norm of the
gradient of the right class's logit at the block's input over that at its output. One ratio below 1 contradicts the
claim.

What this does not show: that skips do not help the gradient; most ratios are above 1. Where blocks are drawn by He
initialisation and no ReLU follows the addition, as in many a demonstration, F(x) and x are nearly uncorrelated and the
exceptions hide: a stack of such linear blocks is shown with the others and is not judged.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Tensor, nn

from resnetlab.analysis import Probe, reestimate_batchnorm
from resnetlab.experiments import pool
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.experiments.linear_stacks import LinearStack
from resnetlab.experiments.trained import Training
from resnetlab.nn import ResidualBlock
from resnetlab.nn.merges import Scale
from resnetlab.pages.figures import draw_curves, label, new_figure, seeds_text
from resnetlab.specs.papers import HE_2016, Source

IMAGES = 64
STATISTICS_IMAGES = 256
DRAWS = 20
GRID = [0.8 + place / 40 for place in range(41)]  # ratios at which the figure counts
HALVED, ENDED, HIDDEN = "F = −x/2", "F = −x", "linear stack"
FRESH, TRAINED = "untrained ResNet-20", "resnet20"
SHOWN = {FRESH: "ResNet-20, untrained", TRAINED: "ResNet-20, trained", HIDDEN: "linear blocks, He init, no last ReLU"}


def measure_block(run: Run) -> Measures:
    """How the norm of some gradient changes on its way through a block of F = factor · x."""
    images = run.data.test_images[:IMAGES].double().requires_grad_()
    output = ResidualBlock(Scale(run.arm.settings))(images)
    after = torch.randn_like(output)
    (before,) = torch.autograd.grad(output, images, after)
    return {"ratio": (before.norm() / after.norm()).item()}


def measure_network(run: Run) -> Measures:
    ratios = gradient_ratios(model_of(run), run.data.test_images[:IMAGES], run.data.test_labels[:IMAGES])
    return summary(ratios)


def measure_stack(run: Run) -> Measures:
    rows = run.data.test_images[:IMAGES].reshape(IMAGES, 1, 1, -1)
    return summary(gradient_ratios(run.arm.settings.build(run.data), rows, run.data.test_labels[:IMAGES]))


def model_of(run: Run) -> nn.Module:
    """The trained network, or a fresh one with the statistics of some training images in its batch norms."""
    if run.trained is not None:
        return run.trained.model
    fresh = Training("resnet20").build(run.data, run.seed)
    return reestimate_batchnorm(fresh, [run.data.train_images[:STATISTICS_IMAGES]]).eval()


def gradient_ratios(
    model: nn.Module, images: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"]
) -> Float[Tensor, "blocks n"]:
    """‖∂z/∂x‖ / ‖∂z/∂H(x)‖, z the right class's logit, for the blocks with identity skips but the first."""
    blocks = {name: block for name, block in model.named_modules() if isinstance(block, ResidualBlock)}
    with Probe(model.double(), one_in=1, names=blocks) as probe:
        model(images.double())[range(len(labels)), labels].sum().backward()  # a loss could be flat where it is sure
    gradients = [reading.gradients for reading in probe.readings.values()]
    norms = [gradient.sqrt() for gradient in gradients if gradient is not None]
    later = list(blocks.values())[1:]  # a block's input is the output of the one before
    pairs = zip(norms[:-1], norms[1:], later, strict=True)
    return torch.stack([before / after for before, after, block in pairs if block.downsample is None])


def summary(ratios: Float[Tensor, "blocks n"]) -> Measures:
    return {
        "least": ratios.min().item(),
        "share_below_one": (ratios < 1).double().mean().item(),
        "share_below": [(ratios < ratio).double().mean().item() for ratio in GRID],
    }


def at_least_one(of: str, arm: str, results: Results) -> Outcome:
    least = min(float(value) for value in results.values(arm, of))
    return Outcome(holds=least >= 1, measured=least, expected="1 or more")


PARTS = (
    Exact(f"the gradient keeps its norm through a block of {HALVED}", partial(at_least_one, "ratio", HALVED)),
    Exact(f"the gradient keeps its norm through a block of {ENDED}", partial(at_least_one, "ratio", ENDED)),
    Exact("no ratio is below 1 in an untrained ResNet-20", partial(at_least_one, "least", FRESH)),
    Exact("no ratio is below 1 in a trained ResNet-20", partial(at_least_one, "least", TRAINED)),
)


def finding(results: Results) -> str:
    def told(arm: str) -> str:
        share = results.values(arm, "share_below_one").mean()
        return f"{share:.1%} of the ratios are below 1, the least is {results.values(arm, 'least').min():.2f}"

    halved, ended = (results.one(arm)["ratio"] for arm in (HALVED, ENDED))
    return (
        f"A block of {HALVED} passes {halved:g} of the gradient's norm on and one of {ENDED} passes {ended:g}. In "
        f"untrained ResNet-20s {told(FRESH)}; in trained ones {told(TRAINED)}. In stacks of linear blocks with He "
        f"initialisation and no last ReLU {told(HIDDEN)}."
    )


def figure(results: Results) -> Figure:
    drawn, (axes,) = new_figure()
    lines = {name: 100 * results.values(arm, "share_below") for arm, name in SHOWN.items() if results.of(arm)}
    draw_curves(axes, lines, GRID, every=5)
    axes.axvline(1, color="black", linestyle=":", linewidth=1.2)
    label(axes, "gradient norm at a block's input / at its output", "pairs of block and image below (%)")
    counts = {len(results.of(arm)) for arm in SHOWN} - {0}
    axes.legend(frameon=False, fontsize=9, loc="lower right", title=seeds_text(counts, "band"), alignment="left")
    return drawn


CLAIM = Claim(
    slug="gradient_at_least_one",
    doc=__doc__,
    source=Source(HE_2016, "Eq. 5, as tutorials tell it"),
    kinds=(Kind.EXACT, Kind.INITIALISATION, Kind.POOL),
    arms=(
        Arm(HALVED, -0.5, measure=measure_block),
        Arm(ENDED, -1.0, measure=measure_block),
        Arm(FRESH, seeds=DRAWS),
        *pool.arms(TRAINED),
        Arm(HIDDEN, LinearStack(20, skips=True, init="he"), DRAWS, measure=measure_stack),
    ),
    measure=measure_network,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
