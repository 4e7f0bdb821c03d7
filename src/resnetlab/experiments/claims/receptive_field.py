"""Two 3×3 convolutions see what one 5×5 sees with 18 weights instead of 25, and three see what a 7×7 sees.

VGG's argument for small kernels, which every later network took over: a stack of 3×3 convolutions covers the field of
one large kernel with fewer weights (Simonyan & Zisserman 2015 count 27 C² against 49 C² for C channels) and puts a
ReLU between them.

Protocol: each stack is built with one channel, without padding, a ReLU after each convolution but the last. What one
position of its output sees is found twice: by arithmetic (kernel sizes and strides), and by gradient: the pixels that
the gradient of the position in the middle of a 15×15 image reaches. Weights are counted; for C channels all of them
grow by C².

What this does not show: that all pixels of the field count alike. In a stack most paths run through the middle (the
figure counts them), and a trained network's effective field is smaller than its field (Luo et al. 2016). Nor that the
stack can do what the large kernel can: of 25 free weights it has 18, with a ReLU between.
"""

from __future__ import annotations

from functools import partial

import torch
from matplotlib.figure import Figure
from torch import nn

from resnetlab.analysis import measure_receptive_field, receptive_field_mask
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.pages.figures import TEXT_SIZE, new_figure
from resnetlab.specs.papers import SIMONYAN_2015, Source

SIDE = 15  # of the image
KERNELS = {"two 3×3": (3, 3), "one 5×5": (5,), "three 3×3": (3, 3, 3), "one 7×7": (7,)}
ARMS = tuple(Arm(name, settings=kernels) for name, kernels in KERNELS.items())


def stack(kernels: tuple[int, ...]) -> nn.Sequential:
    """Convolutions of one channel with a ReLU between each and the next."""
    layers: list[nn.Module] = []
    for kernel in kernels:
        layers += [nn.Conv2d(1, 1, kernel, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def measure(run: Run) -> Measures:
    model = stack(run.arm.settings)
    side = measure_receptive_field(model, (1, SIDE, SIDE)).final.size[0]
    assert side is not None
    mask = receptive_field_mask(model, (1, SIDE, SIDE))
    return {
        "pixels_by_arithmetic": side**2,
        "pixels_by_gradient": int(mask.sum()),
        "mask": [[int(seen) for seen in row] for row in mask],
        "weights": sum(tensor.numel() for tensor in model.parameters()),
        "paths": count_paths(model),
    }


def count_paths(model: nn.Sequential) -> list[list[float]]:
    """Over how many paths each pixel reaches the middle of the output: the gradient where every weight is one."""
    for tensor in model.parameters():
        nn.init.ones_(tensor)
    image = torch.ones(1, 1, SIDE, SIDE, requires_grad=True)
    output = model(image)
    middle = output.shape[-1] // 2
    (gradient,) = torch.autograd.grad(output[0, 0, middle, middle], image)
    paths: list[list[float]] = gradient[0, 0].tolist()
    return paths


def same_field(stacked: str, single: str, results: Results) -> Outcome:
    """The same pixels by gradient, and as many by arithmetic."""
    one, other = results.one(stacked), results.one(single)
    holds = one["mask"] == other["mask"] and one["pixels_by_arithmetic"] == other["pixels_by_gradient"]
    return Outcome(holds, f"{one['pixels_by_gradient']} pixels", f"{other['pixels_by_arithmetic']} pixels")


def weights(said: dict[str, int], results: Results) -> Outcome:
    counted = {arm: results.one(arm)["weights"] for arm in said}
    return Outcome(counted == said, *(" against ".join(map(str, of.values())) for of in (counted, said)))


PARTS = (
    Exact("two 3×3 see the pixels that one 5×5 sees", partial(same_field, "two 3×3", "one 5×5")),
    Exact("two 3×3 have 18 weights and one 5×5 has 25", partial(weights, {"two 3×3": 18, "one 5×5": 25})),
    Exact("three 3×3 see the pixels that one 7×7 sees", partial(same_field, "three 3×3", "one 7×7")),
    Exact("three 3×3 have 27 weights and one 7×7 has 49", partial(weights, {"three 3×3": 27, "one 7×7": 49})),
)


def finding(results: Results) -> str:
    two, five, three, seven = (results.one(arm.name) for arm in ARMS)
    middle = SIDE // 2
    share = three["paths"][middle][middle] / sum(map(sum, three["paths"]))
    return (
        f"The fields are the same to the pixel, for {1 - two['weights'] / five['weights']:.0%} and "
        f"{1 - three['weights'] / seven['weights']:.0%} fewer weights. They are not filled alike: {share:.1%} of the "
        f"paths through three 3×3 begin at the middle pixel, {1 / seven['weights']:.1%} of those through one 7×7."
    )


def figure(results: Results) -> Figure:
    drawn, panels = new_figure(height=2.1, columns=len(ARMS))
    for axes, arm in zip(panels, ARMS, strict=True):
        at = results.one(arm.name)
        paths = torch.tensor(at["paths"])[3:-3, 3:-3]
        shares = (100 * paths / paths.sum()).numpy()
        image = axes.imshow(shares, cmap="Greys", vmin=0, vmax=12, extent=(-4.5, 4.5, -4.5, 4.5))
        axes.set_title(f"{arm.name}\n{at['weights']} weights", fontsize=TEXT_SIZE - 0.5)
        axes.set_xticks([-4, 0, 4])
        axes.set_yticks([-4, 0, 4])
        axes.grid(visible=False)
    panels[0].set_ylabel("pixels from the middle")
    for axes in panels[1:]:
        axes.set_yticklabels([])
    bar = drawn.colorbar(image, ax=panels, shrink=0.75, ticks=[0, 4, 8, 12])
    bar.set_label("share of paths (%)", fontsize=TEXT_SIZE)
    return drawn


CLAIM = Claim(
    slug="receptive_field",
    doc=__doc__,
    source=Source(SIMONYAN_2015, "§2.3"),
    kinds=(Kind.EXACT,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
