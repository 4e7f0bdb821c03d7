"""Mistakes inside blocks and at their skips: the edits that plant them, their names and their places."""

from __future__ import annotations

from user_code import Edits

MISTAKES_IN_BLOCKS: dict[str, tuple[str, Edits, str, tuple[str, ...]]] = {
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
    # pre-activation
    "v2 with a ReLU after every addition": (
        "pre",
        (("return y + skip", "return F.relu(y + skip)"),),
        "activation after the addition",
        tuple(f"steps.{block}" for block in range(6)),
    ),
    "v2 without its leading BN": (
        "pre",
        (("h = F.relu(self.n1(x))", "h = F.relu(x)"), ("self.n1 = nn.BatchNorm2d(i)", "self.n1 = None")),
        "norm missing",
        tuple(f"steps.{block}" for block in range(6)),
    ),
    "v2 without its leading ReLU": (
        "pre",
        (("h = F.relu(self.n1(x))", "h = self.n1(x)"),),
        "first activation missing",
        tuple(f"steps.{block}" for block in range(6)),
    ),
    # skips
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
    "the skip taken after the first convolution": (
        "basic",
        (
            (
                "        t = self.rect(t)\n",
                "        t = self.rect(t)\n        keep = t if self.bypass is None else keep\n",
            ),
        ),
        "skip taken too late",
        ("parts.0.0", "parts.0.1", "parts.1.1", "parts.2.1", "parts.3.1"),
    ),
    "ReLU on the projection": (
        "bottleneck",
        (("torch.add(self.fit(x), y)", "torch.add(F.relu(self.fit(x)), y)"),),
        "activation on the projection",
        ("body.0", "body.3", "body.7", "body.13"),
    ),
    "the branch times zero": (
        "cifar",
        (("return F.relu(h + self.around(x))", "return F.relu(0 * h + self.around(x))"),),
        "multiplied by zero",
        tuple(f"cells.{block}" for block in range(9)),
    ),
    "the branch added with no weight": (
        "bottleneck",
        (("torch.add(self.fit(x), y)", "torch.add(self.fit(x), y, alpha=0)"),),
        "multiplied by zero",
        tuple(f"body.{block}" for block in range(16)),
    ),
    "the skip detached": (
        "basic",
        (("        keep = t\n", "        keep = t.detach()\n"),),
        "gradient stopped",
        tuple(f"parts.{stage}.{block}" for stage in range(4) for block in range(2)),
    ),
    "the branch taken as data": (
        "cifar",
        (("return F.relu(h + self.around(x))", "return F.relu(h.data + self.around(x))"),),
        "gradient stopped",
        tuple(f"cells.{block}" for block in range(9)),
    ),
}
