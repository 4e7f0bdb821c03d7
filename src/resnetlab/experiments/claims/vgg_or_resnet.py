"""ResNet-50 has fewer parameters than VGG-16 and costs fewer multiply-adds.

The usual comparison: with a fifth of the parameters and a quarter of the arithmetic, and three times as deep,
ResNet-50 is also the more accurate.

Protocol: both networks are built and counted, with 1000 classes at 224×224: 138.36 M parameters and 15.47 G
multiply-adds are expected of VGG-16, 25.56 M and 4.09 G of ResNet-50 (torchvision's, with its stride in the 3×3). The
accuracies beside them are published ones, of torchvision's weights IMAGENET1K_V1: cited, not measured, and no part
rests on them. Tutorials print that column as the paper's; He et al. report 22.85 % error for ResNet-50, from ten crops
(Table 3).

What this does not show: that the architecture makes the accuracy. The published weights come of different recipes;
with batch norm VGG-16 gains two points for next to no cost. Multiply-adds are not time either. To train both alike
belongs to the full tier.
"""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from resnetlab.analysis import measure_complexity
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.experiments.printed import agrees
from resnetlab.pages.figures import COLOURS, TEXT_SIZE, new_figure
from resnetlab.specs import find_spec
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.weights import create_model

SAID = {"params": {"vgg16": "138.36 M", "resnet50": "25.56 M"}, "macs": {"vgg16": "15.47 G", "resnet50": "4.09 G"}}
VGGS = ("vgg16", "vgg16_bn", "vgg19")
RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
ARMS = tuple(Arm(name) for name in (*VGGS, *RESNETS))


def measure(run: Run) -> Measures:
    cost = measure_complexity(create_model(run.arm.name, device="meta"), (3, 224, 224))
    return {"params": cost.params, "macs": cost.macs}


def outcome(key: str, results: Results) -> Outcome:
    """Fewer in ResNet-50, and both as many as is said."""
    counted = {name: results.one(name)[key] for name in SAID[key]}
    holds = counted["resnet50"] < counted["vgg16"]
    holds &= all(agrees(counted[name], said) for name, said in SAID[key].items())
    return Outcome(holds, " against ".join(f"{n:,}" for n in counted.values()), " against ".join(SAID[key].values()))


PARTS = (
    Exact("VGG-16 has 138.36 M parameters and ResNet-50 only 25.56 M", partial(outcome, "params")),
    Exact("VGG-16 costs 15.47 G multiply-adds and ResNet-50 only 4.09 G", partial(outcome, "macs")),
)


def published(name: str) -> float:
    """Top-1 accuracy in percent, as the weights' publisher gives it."""
    top1 = find_spec(name).expect.top1
    assert top1 is not None
    return top1.percent


def finding(results: Results) -> str:
    vgg, resnet = results.one("vgg16"), results.one("resnet50")
    return (
        f"VGG-16 has {vgg['params'] / resnet['params']:.2f} times the parameters of ResNet-50 and costs "
        f"{vgg['macs'] / resnet['macs']:.2f} times its multiply-adds. By published figures (torchvision "
        f"IMAGENET1K_V1, not measured here) ResNet-50 gets {published('resnet50'):.2f} % of ImageNet right, VGG-16 "
        f"{published('vgg16'):.2f} % and with batch norm {published('vgg16_bn'):.2f} %."
    )


def figure(results: Results) -> Figure:
    drawn, panels = new_figure(height=3.2, columns=3)
    names = [arm.name for arm in ARMS]
    columns = {
        "parameters (millions)": [f"{results.one(name)['params'] / 1e6:.1f}" for name in names],
        "multiply-adds (billions)": [f"{results.one(name)['macs'] / 1e9:.1f}" for name in names],
        "top-1 (%), published": [f"{published(name):.3f}" for name in names],
    }
    for axes, (text, values) in zip(panels, columns.items(), strict=True):
        cited = text.endswith("published")
        bars = axes.barh(
            names, [float(value) for value in values], color="none" if cited else COLOURS[0], edgecolor=COLOURS[0]
        )
        axes.bar_label(bars, values, fontsize=TEXT_SIZE - 1, label_type="center" if cited else "edge", padding=2)
        axes.set_xlim(0, 100 if cited else 1.3 * max(map(float, values)))
        axes.invert_yaxis()
        axes.set_xlabel(text)
    for axes in panels[1:]:
        axes.set_yticklabels([])
    return drawn


CLAIM = Claim(
    slug="vgg_or_resnet",
    doc=__doc__,
    source=Source(HE_2015, "Table 1, §3.3"),
    kinds=(Kind.EXACT,),
    arms=ARMS,
    measure=measure,
    parts=PARTS,
    figure=figure,
    finding=finding,
)
