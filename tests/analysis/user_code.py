"""Residual networks as people write them, in three manners, each correct; tests plant mistakes by editing the text.

None uses the names of torchvision or of this project, so that nothing can be told from names.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from resnetlab.analysis import find_findings, read_network

POST_BASIC = """
import torch.nn as nn

class Unit(nn.Module):
    def __init__(self, fan_in, fan_out, step):
        super().__init__()
        self.a = nn.Conv2d(fan_in, fan_out, 3, stride=step, padding=1, bias=False)
        self.na = nn.BatchNorm2d(fan_out)
        self.b = nn.Conv2d(fan_out, fan_out, 3, padding=1, bias=False)
        self.nb = nn.BatchNorm2d(fan_out)
        self.rect = nn.ReLU(inplace=True)
        self.bypass = None
        if step != 1 or fan_in != fan_out:
            self.bypass = nn.Sequential(
                nn.Conv2d(fan_in, fan_out, 1, stride=step, bias=False),
                nn.BatchNorm2d(fan_out),
            )

    def forward(self, t):
        keep = t
        t = self.na(self.a(t))
        t = self.rect(t)
        t = self.nb(self.b(t))
        if self.bypass is not None:
            keep = self.bypass(keep)
        t += keep
        return self.rect(t)

class Net(nn.Module):
    def __init__(self, widths=(64, 128, 256, 512), steps=(1, 2, 2, 2), repeats=(2, 2, 2, 2)):
        super().__init__()
        self.begin = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        parts, now = [], 64
        for width, step, count in zip(widths, steps, repeats):
            part = nn.ModuleList()
            for i in range(count):
                part.append(Unit(now, width, step if i == 0 else 1))
                now = width
            parts.append(part)
        self.parts = nn.ModuleList(parts)
        self.out = nn.Linear(now, 1000)

    def forward(self, t):
        t = self.begin(t)
        for part in self.parts:
            for unit in part:
                t = unit(t)
        return self.out(t.mean((2, 3)))

def make():
    return Net()
"""

POST_BOTTLENECK = """
import torch
from torch import nn
from torch.nn import functional as F

def cb(i, o, k, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o))

class Neck(nn.Module):
    def __init__(self, i, w, s, grow=4):
        super().__init__()
        o = w * grow
        self.squeeze = cb(i, w, 1)
        self.spatial = cb(w, w, 3, s)
        self.widen = cb(w, o, 1)
        self.fit = cb(i, o, 1, s) if (s > 1 or i != o) else nn.Identity()

    def forward(self, x):
        y = F.relu(self.squeeze(x))
        y = F.relu(self.spatial(y))
        y = self.widen(y)
        return torch.relu(torch.add(self.fit(x), y))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(64)
        layers, i = [], 64
        for w, n, s in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
            for k in range(n):
                layers.append(Neck(i, w, s if k == 0 else 1))
                i = 4 * w
        self.body = nn.Sequential(*layers)
        self.fc = nn.Linear(i, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 3, stride=2, padding=1)
        x = F.adaptive_avg_pool2d(self.body(x), 1)
        return self.fc(torch.flatten(x, 1))

def make():
    return Net()
"""

CIFAR_PADDED = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Cell(nn.Module):
    def __init__(self, p, q):
        super().__init__()
        self.p, self.q = p, q
        self.k1 = nn.Conv2d(p, q, 3, 2 if p != q else 1, 1, bias=False)
        self.m1 = nn.BatchNorm2d(q)
        self.k2 = nn.Conv2d(q, q, 3, 1, 1, bias=False)
        self.m2 = nn.BatchNorm2d(q)
        self.setup()

    def setup(self):
        pass

    def around(self, x):
        if self.p == self.q:
            return x
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, (self.q - self.p) // 2, (self.q - self.p) // 2))

    def forward(self, x):
        h = F.relu(self.m1(self.k1(x)))
        h = self.m2(self.k2(h))
        return F.relu(h + self.around(x))

class Net(nn.Module):
    def __init__(self, n=3):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(16)
        sizes = [16] * (n + 1) + [32] * n + [64] * n
        self.cells = nn.Sequential(*(Cell(p, q) for p, q in zip(sizes, sizes[1:])))
        self.classify = nn.Linear(64, 10)

    def forward(self, x):
        x = self.cells(F.relu(self.first_norm(self.first(x))))
        return self.classify(F.avg_pool2d(x, x.shape[-1]).view(len(x), -1))

def make():
    return Net()
"""

PRE_BASIC = """
import torch.nn as nn
import torch.nn.functional as F

class Pre(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.n1 = nn.BatchNorm2d(i)
        self.c1 = nn.Conv2d(i, o, 3, s, 1, bias=False)
        self.n2 = nn.BatchNorm2d(o)
        self.c2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.match = nn.Conv2d(i, o, 1, s, bias=False) if (s != 1 or i != o) else None

    def forward(self, x):
        h = F.relu(self.n1(x))
        skip = x if self.match is None else self.match(h)
        y = self.c1(h)
        y = self.c2(F.relu(self.n2(y)))
        return y + skip

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        rows = ((16, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1))
        self.steps = nn.ModuleList([Pre(*row) for row in rows])
        self.last = nn.BatchNorm2d(256)
        self.head = nn.Linear(256, 10)

    def forward(self, x):
        x = self.stem(x)
        for step in self.steps:
            x = step(x)
        x = F.relu(self.last(x))
        return self.head(x.mean(dim=(-2, -1)))

def make():
    return Net()
"""

RELU_ONLY = (
    PRE_BASIC.replace("self.n1 = nn.BatchNorm2d(i)", "self.n1 = nn.BatchNorm2d(o)")
    .replace("h = F.relu(self.n1(x))", "h = F.relu(x)")
    .replace("y = self.c2(F.relu(self.n2(y)))", "y = self.n1(self.c2(F.relu(self.n2(y))))")
)
"""Pre-activation by ReLU alone: He et al. 2016, Figure 4d."""

CODE = {
    "basic": (POST_BASIC, (3, 224, 224)),
    "bottleneck": (POST_BOTTLENECK, (3, 224, 224)),
    "cifar": (CIFAR_PADDED, (3, 32, 32)),
    "pre": (PRE_BASIC, (3, 32, 32)),
    "pre, ReLU only": (RELU_ONLY, (3, 32, 32)),
}

Edits = tuple[tuple[str, str], ...]


def edited(name: str, edits: Edits) -> str:
    """The text with these edits, each of which must meet something."""
    text, _ = CODE[name]
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def network_of(name: str, edits: Edits = ()) -> nn.Module:
    """The network that the text makes, without numbers."""
    space: dict[str, Any] = {}
    exec(edited(name, edits), space)
    with torch.device("meta"):
        made = space["make"]()
    assert isinstance(made, nn.Module)
    return made


def mistakes_of(model: nn.Module, image: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    """The places of every mistake that is found, by its name."""
    findings = find_findings(read_network(model, image))
    return {finding.name: finding.places for finding in findings if finding.kind == "mistake"}
