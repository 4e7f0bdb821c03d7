"""Mistakes that public code contains are found where they stand, and other ways to write it right are none."""

from __future__ import annotations

import inspect
import re

import pytest
import timm
import torch
import torchvision
from user_code import CODE, Edits, network_of

from resnetlab.analysis import Finding, block_findings, find_findings, network_findings, read_network
from resnetlab.nn import build
from resnetlab.specs import ZOO

MISTAKES: dict[str, tuple[str, Edits, str, tuple[str, ...]]] = {
    # strides
    "stride in the first stage after a max-pool": (
        "basic",
        (("steps=(1, 2, 2, 2)", "steps=(2, 2, 2, 2)"),),
        "stride in the wrong stage",
        ("parts.0.0",),
    ),
    "stride in the first stage of a network for small images": (
        "basic",
        (
            ("steps=(1, 2, 2, 2)", "steps=(2, 2, 2, 2)"),
            ("nn.Conv2d(3, 64, 7, 2, 3, bias=False)", "nn.Conv2d(3, 64, 3, 1, 1, bias=False)"),
            (", nn.MaxPool2d(3, 2, 1)", ""),
            ("nn.Linear(now, 1000)", "nn.Linear(now, 10)"),
        ),
        "stride in the wrong stage",
        ("parts.0.0",),
    ),
    "a stage that is not strided": (
        "basic",
        (("steps=(1, 2, 2, 2)", "steps=(1, 2, 1, 2)"),),
        "stride in the wrong stage",
        ("parts.2.0",),
    ),
    "no stride in a bottleneck network's last stages": (
        "bottleneck",
        (("(256, 6, 2), (512, 3, 2)", "(256, 6, 1), (512, 3, 1)"),),
        "stride in the wrong stage",
        ("body.7", "body.13"),
    ),
    "stride in every block": (
        "basic",
        (("step if i == 0 else 1", "step"),),
        "stride in every block",
        ("parts.1.1", "parts.2.1", "parts.3.1"),
    ),
    "stride in the second block": (
        "basic",
        (("step if i == 0 else 1", "step if i == 1 else 1"),),
        "stride in the wrong block",
        ("parts.1.1", "parts.2.1", "parts.3.1"),
    ),
    # activation
    "the last ReLU forgotten": (
        "basic",
        (("return self.rect(t)", "return t"),),
        "activation after the addition missing",
        tuple(f"parts.{stage}.{block}" for stage in range(4) for block in range(2)),
    ),
    "the last ReLU forgotten, in functions": (
        "cifar",
        (("return F.relu(h + self.around(x))", "return h + self.around(x)"),),
        "activation after the addition missing",
        tuple(f"cells.{block}" for block in range(9)),
    ),
    "ReLU before the addition": (
        "bottleneck",
        (("return torch.relu(torch.add(self.fit(x), y))", "return torch.add(self.fit(x), F.relu(y))"),),
        "activation before the addition",
        tuple(f"body.{block}" for block in range(16)),
    ),
    "ReLU before the addition, and after it": (
        "cifar",
        (("h = self.m2(self.k2(h))", "h = F.relu(self.m2(self.k2(h)))"),),
        "activation before the addition",
        tuple(f"cells.{block}" for block in range(9)),
    ),
    "no ReLU between the convolutions": (
        "basic",
        (("        t = self.rect(t)\n", ""),),
        "activation missing in the branch",
        tuple(f"parts.{stage}.{block}" for stage in range(4) for block in range(2)),
    ),
    # norms
    "projection without BN": (
        "basic",
        (("                nn.BatchNorm2d(fan_out),\n", ""),),
        "projection without norm",
        ("parts.1.0.bypass.0", "parts.2.0.bypass.0", "parts.3.0.bypass.0"),
    ),
    "bias under BN in a stem": (
        "bottleneck",
        (("nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)", "nn.Conv2d(3, 64, 7, stride=2, padding=3)"),),
        "bias under batch norm",
        ("conv",),
    ),
    "bias under BN in the second convolution": (
        "cifar",
        (("self.k2 = nn.Conv2d(q, q, 3, 1, 1, bias=False)", "self.k2 = nn.Conv2d(q, q, 3, 1, 1)"),),
        "bias under batch norm",
        tuple(f"cells.{block}.k2" for block in range(9)),
    ),
    "BN forgotten after the first convolution": (
        "cifar",
        (("F.relu(self.m1(self.k1(x)))", "F.relu(self.k1(x))"),),
        "norm missing",
        tuple(f"cells.{block}.k1" for block in range(9)),
    ),
    "BN forgotten in one block": (
        "basic",
        (("self.out = nn.Linear(now, 1000)", "self.out = nn.Linear(now, 1000); parts[2][1].nb = nn.Identity()"),),
        "norm missing",
        ("parts.2.1.b",),
    ),
    "BN forgotten in the stem": (
        "cifar",
        (("self.first_norm = nn.BatchNorm2d(16)", "self.first_norm = nn.Identity()"),),
        "norm missing",
        ("first",),
    ),
    "BN forgotten inside a pre-activation block": (
        "pre",
        (("F.relu(self.n2(y))", "F.relu(y)"),),
        "norm missing",
        tuple(f"steps.{block}" for block in range(6)),
    ),
    "another library's momentum": (
        "cifar",
        (("nn.BatchNorm2d(q)", "nn.BatchNorm2d(q, momentum=0.9)"),),
        "batch norm momentum",
        ("0.9",),
    ),
    "final BN and ReLU of v2 forgotten": (
        "pre",
        (("        x = F.relu(self.last(x))\n", ""),),
        "final norm and activation missing",
        ("steps.5",),
    ),
    "final BN of v2 forgotten": (
        "pre",
        (("x = F.relu(self.last(x))", "x = F.relu(x)"),),
        "final norm and activation missing",
        ("steps.5",),
    ),
    # skips
    "projections in the CIFAR paper's network": (
        "cifar",
        (
            (
                "        pass",
                "        p, q = self.p, self.q\n"
                "        self.way = nn.Sequential(nn.Conv2d(p, q, 1, 2, bias=False), nn.BatchNorm2d(q))",
            ),
            (
                "return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, (self.q - self.p) // 2, (self.q - self.p) // 2))",
                "return self.way(x)",
            ),
        ),
        "projection in the paper's CIFAR network",
        ("cells.3", "cells.6"),
    ),
    "skip never added, in one block": (
        "basic",
        (("t += keep", "t = t + keep if self.a.in_channels != 256 else t"),),
        "skip never added",
        ("parts.2.1", "parts.3.0"),
    ),
    "projection computed and forgotten": (
        "basic",
        (("t += keep", "t = t + keep if self.bypass is None else t"),),
        "result never used",
        ("parts.1.0.bypass.0", "parts.2.0.bypass.0", "parts.3.0.bypass.0"),
    ),
    "the branch added to itself": (
        "cifar",
        (("return F.relu(h + self.around(x))", "return F.relu(h + (self.around(x) if self.p != self.q else h))"),),
        "added to itself",
        tuple(f"cells.{block}" for block in (0, 1, 2, 4, 5, 7, 8)),
    ),
    "an in-place ReLU eats the skip": (
        "pre, ReLU only",
        (("h = F.relu(x)", "h = F.relu(x, inplace=True)"),),
        "skip overwritten in place",
        ("steps.1", "steps.3", "steps.5"),
    ),
    # widths and stems
    "expansion 2": (
        "bottleneck",
        (("grow=4", "grow=2"), ("i = 4 * w", "i = 2 * w")),
        "expansion differs",
        ("body.0", "body.3", "body.7", "body.13"),
    ),
    "one stage too narrow": (
        "basic",
        (("widths=(64, 128, 256, 512)", "widths=(64, 128, 192, 512)"),),
        "stage width differs",
        ("parts.2.0",),
    ),
    "one block too wide inside": (
        "bottleneck",
        (
            (
                "self.body = ",
                "layers[4] = Neck(512, 96, 1)\n"
                "        layers[4].widen, layers[4].fit = cb(96, 512, 1), nn.Identity()\n"
                "        self.body = ",
            ),
        ),
        "inner width differs",
        ("body.4",),
    ),
    "ResNet-18 for 1,000 classes with a CIFAR stem": (
        "basic",
        (
            (
                "nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)",
                "nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()",
            ),
        ),
        "CIFAR stem",
        ("begin.0",),
    ),
}

RIGHT: dict[str, tuple[str, Edits]] = {
    **{name: (name, ()) for name in CODE},
    "the addition in other words": ("basic", (("t += keep", "t = keep.add(t)"),)),
    "the addition by sum()": ("basic", (("t += keep", "t = sum([keep, t])"),)),
    "the skip first computed": (
        "basic",
        (
            ("keep = t\n", "keep = t if self.bypass is None else self.bypass(t)\n"),
            ("        if self.bypass is not None:\n            keep = self.bypass(keep)\n", ""),
        ),
    ),
    "other ReLUs": ("cifar", (("return F.relu(h + self.around(x))", "return (h + self.around(x)).clamp(min=0)"),)),
    "a leaky ReLU": ("cifar", (("return F.relu(", "return F.leaky_relu("),)),
    "no in-place operation": ("basic", (("inplace=True", "inplace=False"), ("t += keep", "t = t + keep"))),
    "option A by joined zeros": (
        "cifar",
        (
            (
                "return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, (self.q - self.p) // 2, (self.q - self.p) // 2))",
                "small = F.avg_pool2d(x, 1, 2); return torch.cat((small, torch.zeros_like(small)), dim=1)",
            ),
        ),
    ),
    "v1": (
        "bottleneck",
        (("self.squeeze = cb(i, w, 1)", "self.squeeze = cb(i, w, 1, s)"), ("cb(w, w, 3, s)", "cb(w, w, 3)")),
    ),
    "dilated": (
        "bottleneck",
        (
            ("(512, 3, 2))", "(512, 3, 1))"),
            (
                "        self.body =",
                "        for k in (13, 14, 15):\n"
                "            layers[k].spatial[0].dilation = layers[k].spatial[0].padding = (2, 2)\n"
                "        self.body =",
            ),
        ),
    ),
    "γ from zero": ("bottleneck", (("self.fit = ", "nn.init.zeros_(self.widen[1].weight); self.fit = "),)),
    "pre-activation in place, after the norm": ("pre", (("h = F.relu(self.n1(x))", "h = F.relu_(self.n1(x))"),)),
    "pre-activation whose skip sees x": ("pre", (("self.match(h)", "self.match(x)"),)),
    "biases without norms": (
        "cifar",
        (("bias=False", "bias=True"), ("nn.BatchNorm2d(q)", "nn.Identity()"), ("nn.BatchNorm2d(16)", "nn.Identity()")),
    ),
}


def findings_of(name: str, edits: Edits) -> tuple[Finding, ...]:
    return find_findings(read_network(network_of(name, edits), CODE[name][1]))


def mistakes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.name for finding in findings if finding.kind == "mistake"]


CONSEQUENCES = {
    "stride in the second block": {"stride in the wrong stage": ("parts.1.0", "parts.2.0", "parts.3.0")},
    "skip never added, in one block": {"result never used": ("parts.3.0.bypass.0",)},
    "projection computed and forgotten": {"skip never added": ("parts.1.0", "parts.2.0", "parts.3.0")},
    "the branch added to itself": {"skip never added": ("cells.4", "cells.5", "cells.7", "cells.8")},
}


@pytest.mark.parametrize("planted", MISTAKES)
def test_a_planted_mistake_is_found_at_its_place_and_no_other_is(planted: str) -> None:
    code, edits, name, places = MISTAKES[planted]
    found = {finding.name: finding.places for finding in findings_of(code, edits) if finding.kind == "mistake"}
    assert found == {name: places} | CONSEQUENCES.get(planted, {})


@pytest.mark.parametrize("written", RIGHT)
def test_another_way_to_write_it_right_is_no_mistake(written: str) -> None:
    assert mistakes(findings_of(*RIGHT[written])) == []


def test_every_mistake_that_can_be_reported_was_planted() -> None:
    source = "".join(map(inspect.getsource, (block_findings, network_findings)))
    reported = set(re.findall(r'yield from (?:mistake|report)\(\s*"([^"]+)"', source))
    assert reported == {name for _, _, name, _ in MISTAKES.values()}


LARGE = {name for name, spec in ZOO.items() if spec.depth > 60 and "densenet" not in name}
ROWS = [pytest.param(name, marks=pytest.mark.full if name in LARGE else ()) for name in ZOO]


@pytest.mark.parametrize("name", ROWS)
def test_no_row_of_the_zoo_has_a_mistake(name: str) -> None:
    spec = ZOO[name]
    form = read_network(build(spec, "meta"), (spec.in_channels, spec.input_size, spec.input_size))
    assert mistakes(find_findings(form)) == []
    assert form.depth == spec.weighted_layers


HEALTHY = {
    "torchvision": "resnet18 resnet50 resnext50_32x4d wide_resnet50_2 mobilenet_v2",
    "timm": "resnet26t resnet34d resnet50_gn resnetaa50 resnetrs50 resnet33ts resnet51q ecaresnet50d_pruned "
    "skresnet18 resnetv2_50d resnetv2_50x1_bit res2net50_26w_4s resnest14d regnetz_b16 convnext_tiny",
}
HEALTHY_TOO = {
    "torchvision": "resnet34 resnet101 resnet152 resnext101_32x8d resnext101_64x4d wide_resnet101_2 efficientnet_b0",
    "timm": "resnet14t resnet18 resnet18d resnet50 resnet50c resnet50d resnetblur50 resnet61q ecaresnet26t seresnet50 "
    "resnext50_32x4d resnext50d_32x4d resnetv2_50 wide_resnet50_2 regnetx_004 regnety_004 mobilenetv2_100",
}
MAKERS = {"torchvision": torchvision.models.get_model, "timm": timm.create_model}
NETWORKS = [
    pytest.param(library, name, marks=marks)
    for table, marks in ((HEALTHY, ()), (HEALTHY_TOO, pytest.mark.full))
    for library, names in table.items()
    for name in names.split()
]


@pytest.mark.parametrize(("library", "name"), NETWORKS)
def test_a_healthy_network_has_no_mistake(library: str, name: str) -> None:
    with torch.device("meta"):
        model = MAKERS[library](name)
    assert mistakes(find_findings(read_network(model, (3, 224, 224)))) == []
