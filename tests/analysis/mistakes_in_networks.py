"""Mistakes in how blocks make a network: the edits that plant them, their names and their places."""

from __future__ import annotations

from user_code import Edits

MISTAKES_IN_NETWORKS: dict[str, tuple[str, Edits, str, tuple[str, ...]]] = {
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
    "stride in the last 1×1": (
        "bottleneck",
        (
            ("self.spatial = cb(w, w, 3, s)", "self.spatial = cb(w, w, 3)"),
            ("self.widen = cb(w, o, 1)", "self.widen = cb(w, o, 1, s)"),
        ),
        "stride in the last 1×1",
        ("body.3", "body.7", "body.13"),
    ),
    "ResNet-18 for 1,000 classes with a CIFAR convolution before its pool": (
        "basic",
        (("nn.Conv2d(3, 64, 7, 2, 3, bias=False)", "nn.Conv2d(3, 64, 3, 1, 1, bias=False)"),),
        "CIFAR stem",
        ("begin.0",),
    ),
    # shared layers
    "one norm for both convolutions": (
        "cifar",
        (("self.m2(self.k2(h))", "self.m1(self.k2(h))"), ("        self.m2 = nn.BatchNorm2d(q)\n", "")),
        "norm used twice",
        tuple(f"cells.{block}.m1" for block in range(9)),
    ),
    "one block for two": (
        "basic",
        (("self.parts = nn.ModuleList(parts)", "parts[0][1] = parts[0][0]; self.parts = nn.ModuleList(parts)"),),
        "norm used twice",
        ("parts.0.0.na", "parts.0.0.nb"),
    ),
    # norms, head and skips of the whole
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
    "the stem's activation forgotten": (
        "basic",
        (("nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d", "nn.BatchNorm2d(64), nn.MaxPool2d"),),
        "activation of the stem missing",
        ("begin.0",),
    ),
    "the stem's activation forgotten, in functions": (
        "cifar",
        (("F.relu(self.first_norm(self.first(x)))", "self.first_norm(self.first(x))"),),
        "activation of the stem missing",
        ("first",),
    ),
}
