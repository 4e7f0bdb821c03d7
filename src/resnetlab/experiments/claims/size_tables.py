"""The printed sizes of ResNets and VGGs are right: parameters, depths, multiply-adds, ratios.

Tutorials and papers print how large these networks are, and the numbers are copied on. Some are exact, some are
slips, and some depend on what is counted: the FLOPs of He et al. 2015 are multiply-adds, of networks whose
bottlenecks have their stride in the first 1×1; torchvision's have it in the 3×3 and cost more.

Protocol: every network is built and counted: all trained parameters; as depth its convolutions and linear layers
without those on shortcuts; multiply-adds by running without data on a 224×224 image. A printed figure holds where the
count, rounded or cut off to its digits, gives it. There is one part for each table or statement.

What this does not show: sizes are not speed, and not memory. Only figures that somebody printed are tested;
accuracies are citations and stand in `vgg_or_resnet`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.figure import Figure
from torch import nn

from resnetlab.analysis import count_macs, count_parameters
from resnetlab.experiments.base import Arm, Claim, Exact, Kind, Measures, Outcome, Results, Run
from resnetlab.experiments.printed import agrees, like
from resnetlab.pages.tables import table
from resnetlab.specs.papers import HE_2015, Source
from resnetlab.weights import create_model


@dataclass(frozen=True)
class Row:
    """One printed figure: of what, as printed, and how it is counted."""

    of: str
    said: str
    count: Callable[[], float]


def parameters(name: str) -> int:
    return count_parameters(create_model(name, device="meta"))


def depth(name: str) -> int:
    layers = create_model(name, device="meta").named_modules()
    return sum("downsample" not in at and isinstance(layer, nn.Conv2d | nn.Linear) for at, layer in layers)


def macs(name: str, **fields: Any) -> int:
    return count_macs(create_model(name, device="meta", **fields), (3, 224, 224))


def linear_layers(name: str) -> list[nn.Linear]:
    return [layer for layer in create_model(name, device="meta").modules() if isinstance(layer, nn.Linear)]


v1_macs = partial(macs, stride_in="1x1")
CIFAR_SIZES = {20: "0.27 M", 32: "0.46 M", 44: "0.66 M", 56: "0.85 M", 110: "1.7 M", 1202: "19.4 M"}
TABLES = {
    "a tutorial's CIFAR ResNet-18 has 11,173,962 parameters": (
        Row("parameters of the CIFAR ResNet-18", "11,173,962", partial(parameters, "resnet18_cifar")),
    ),
    "ResNet-50 has the same depth as VGG-16": (
        Row("layers of VGG-16", "16", partial(depth, "vgg16")),
        Row("layers of ResNet-50", "16", partial(depth, "resnet50")),
    ),
    "VGG's linear layers hold 4096 × 4096 × 3 ≈ 120 M weights": (
        Row("4096 × 4096 × 3", "120 M", partial(math.prod, (4096, 4096, 3))),
    ),
    "ResNet-50 has 5.7 times fewer parameters than VGG-19": (
        Row("parameters of VGG-19 / ResNet-50", "5.7 ×", lambda: parameters("vgg19") / parameters("resnet50")),
    ),
    "the FLOPs of He et al. 2015, Table 1, are multiply-adds with the stride in the first 1×1": (
        Row("FLOPs of ResNet-18", "1.8 G", partial(macs, "resnet18")),
        Row("FLOPs of ResNet-34", "3.6 G", partial(macs, "resnet34")),
        Row("FLOPs of ResNet-50", "3.8 G", partial(v1_macs, "resnet50")),
        Row("FLOPs of ResNet-101", "7.6 G", partial(v1_macs, "resnet101")),
        Row("FLOPs of ResNet-152", "11.3 G", partial(v1_macs, "resnet152")),
    ),
    "VGG-16 and VGG-19 cost 15.3 and 19.6 G multiply-adds (He et al. 2015, §4.1)": (
        Row("FLOPs of VGG-16", "15.3 G", partial(macs, "vgg16")),
        Row("FLOPs of VGG-19", "19.6 G", partial(macs, "vgg19")),
    ),
    "the CIFAR networks have the parameters of He et al. 2015, Table 6": tuple(
        Row(f"parameters of the CIFAR ResNet-{layers}", said, partial(parameters, f"resnet{layers}"))
        for layers, said in CIFAR_SIZES.items()
    ),
}
INSTEAD = "what holds instead"


def measure(run: Run) -> Measures:
    return {"counted": [row.count() for row in TABLES[run.arm.name]]}


def measure_instead(run: Run) -> Measures:
    linear = linear_layers("vgg16")
    linear_macs = sum(layer.weight.numel() for layer in linear)  # for one image; VGG-19 has the same layers
    return {
        "vgg16_linear": [count_parameters(layer) for layer in linear],
        "vgg16_convolutions": macs("vgg16") - linear_macs,
        "vgg19_convolutions": macs("vgg19") - linear_macs,
        "resnet50_v15": macs("resnet50"),
    }


def outcome(name: str, results: Results) -> Outcome:
    counted, rows = results.one(name)["counted"], TABLES[name]
    holds = all(agrees(count, row.said) for count, row in zip(counted, rows, strict=True))
    measured = ", ".join(like(row.said, count) for count, row in zip(counted, rows, strict=True))
    return Outcome(holds, measured, expected=", ".join(row.said for row in rows))


def finding(results: Results) -> str:
    instead = results.one(INSTEAD)
    linear = instead["vgg16_linear"]
    return (
        f"VGG-16's three linear layers hold {' + '.join(f'{layer / 1e6:.2f}' for layer in linear)} = "
        f"{sum(linear) / 1e6:.2f} M parameters. He et al.'s 3.8 G for ResNet-50 is cut off, not rounded; "
        f"torchvision's, with the stride in the 3×3, costs {instead['resnet50_v15'] / 1e9:.2f} G. The convolutions of "
        f"VGG-16 alone cost {instead['vgg16_convolutions'] / 1e9:.2f} G and those of VGG-19 "
        f"{instead['vgg19_convolutions'] / 1e9:.2f} G: the printed pair counts the linear layers of one only."
    )


def figure(results: Results) -> Figure:
    rows = []
    for name, printed in TABLES.items():
        for row, count in zip(printed, results.one(name)["counted"], strict=True):
            rows.append((row.of, row.said, like(row.said, count), "yes" if agrees(count, row.said) else "no"))
    return table(("printed figure", "said", "counted", "holds"), rows, numbers=("said", "counted"))


CLAIM = Claim(
    slug="size_tables",
    doc=__doc__,
    source=Source(HE_2015, "Tables 1 and 6, and tutorials"),
    kinds=(Kind.EXACT,),
    arms=(*(Arm(name) for name in TABLES), Arm(INSTEAD, measure=measure_instead)),
    measure=measure,
    parts=tuple(Exact(name, partial(outcome, name)) for name in TABLES),
    figure=figure,
    finding=finding,
)
