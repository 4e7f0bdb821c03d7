"""Mistakes that public code contains are found where they stand, and other ways to write it right are none."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from mistakes_in_blocks import MISTAKES_IN_BLOCKS
from mistakes_in_networks import MISTAKES_IN_NETWORKS
from user_code import CODE, Edits, mistakes_of, network_of

from resnetlab.analysis import block_findings, network_findings, skip_findings

MISTAKES = MISTAKES_IN_BLOCKS | MISTAKES_IN_NETWORKS

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
    "a norm computed twice on the same": ("pre", (("self.match(h)", "self.match(F.relu(self.n1(x)))"),)),
    "biases without norms": (
        "cifar",
        (("bias=False", "bias=True"), ("nn.BatchNorm2d(q)", "nn.Identity()"), ("nn.BatchNorm2d(16)", "nn.Identity()")),
    ),
}


CONSEQUENCES = {
    "stride in the second block": {"stride in the wrong stage": ("parts.1.0", "parts.2.0", "parts.3.0")},
    "skip never added, in one block": {"result never used": ("parts.3.0.bypass.0",)},
    "projection computed and forgotten": {"skip never added": ("parts.1.0", "parts.2.0", "parts.3.0")},
    "the branch added to itself": {"skip never added": ("cells.4", "cells.5", "cells.7", "cells.8")},
}


@pytest.mark.parametrize("planted", MISTAKES)
def test_a_planted_mistake_is_found_at_its_place_and_no_other_is(planted: str) -> None:
    code, edits, name, places = MISTAKES[planted]
    assert mistakes_of(network_of(code, edits), CODE[code][1]) == {name: places} | CONSEQUENCES.get(planted, {})


@pytest.mark.parametrize("written", RIGHT)
def test_another_way_to_write_it_right_is_no_mistake(written: str) -> None:
    assert mistakes_of(network_of(*RIGHT[written]), CODE[RIGHT[written][0]][1]) == {}


def reported(kinds: str) -> set[str]:
    source = "".join(map(inspect.getsource, (block_findings, skip_findings, network_findings)))
    return set(re.findall(rf'yield from (?:{kinds})\(\s*"([^"]+)"', source))


def test_every_mistake_that_can_be_reported_was_planted() -> None:
    assert reported("mistake|report") == {name for _, _, name, _ in MISTAKES.values()}


@pytest.mark.parametrize(("heading", "kinds"), [("Mistakes", "mistake|report"), ("Deviations", "deviation")])
def test_every_finding_is_explained(heading: str, kinds: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| ([^|]+) \|", text.split(f"## {heading}")[1].split("## ")[0], re.MULTILINE)
    assert explained[0] == "name"
    assert set(explained[2:]) == reported(kinds)
