"""No rule fires on healthy networks, and the limits stand above what twelve of them were measured to show."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from resnetlab.analysis import health_rules
from resnetlab.analysis.health_judgement import judge
from resnetlab.analysis.health_look import look_at_health
from resnetlab.analysis.health_rule import Rule
from resnetlab.analysis.health_rules import CALIBRATED, RULES
from resnetlab.analysis.health_structure import read_structure
from resnetlab.data import load_data
from resnetlab.nn import build
from resnetlab.specs import find_spec

CALIBRATION: dict[str, Any] = json.loads(Path(health_rules.__file__).with_name("health_calibration.json").read_text())
BENCHMARK = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "health_calibration.py"))
MARGIN = 1.2
LEARNED = 0.7  # accuracy on the digits
MAKERS = {"torchvision": torchvision.models.get_model, "timm": timm.create_model}
QUICK = ("resnet20", "plain20", "torchvision:resnet18", "torchvision:vgg11", "torchvision:vgg11_bn")


def key_of(rule: Rule) -> str:
    """Of the wider measure, where one is told only if it is grave."""
    return f"{rule.name} ({rule.measure.__name__.removesuffix('_far')})"


def told(rule: Rule) -> str:
    return f"{rule.name}, {rule.severity}, {rule.measure.__name__}"


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    library, colon, rest = name.partition(":")
    if colon:
        return MAKERS[library](rest)
    row, _, fields = name.partition("[")
    pairs = (pair.split("=") for pair in fields.rstrip("]").split(",") if pair)
    return build(find_spec(row).with_fields(**dict(pairs)))


def test_twelve_networks_were_measured() -> None:
    assert set(CALIBRATION["networks"]) == set(BENCHMARK["NETWORKS"])
    assert len(CALIBRATION["networks"]) == 12
    for row in CALIBRATION["networks"].values():
        assert row["start"].keys() & row["trained"].keys()
        assert row["accuracy"] > LEARNED


@pytest.mark.parametrize(
    "rule",
    [rule for rule in RULES if rule.source.startswith(CALIBRATED)],
    ids=lambda rule: f"{rule.name}, {rule.severity}",
)
def test_a_calibrated_limit_lies_beyond_all_that_healthy_networks_showed(rule: Rule) -> None:
    worst = CALIBRATION["worst"].get(key_of(rule))
    assert worst is not None
    assert abs(worst) * MARGIN <= rule.limit


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.severity != "info"], ids=lambda rule: f"{rule.name}, {rule.severity}"
)
def test_no_rule_fires_on_what_healthy_networks_showed(rule: Rule) -> None:
    worst = CALIBRATION["worst"].get(key_of(rule))
    assert worst is None or not rule.fires(worst)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.full) for name in CALIBRATION["networks"]]
)
def test_a_healthy_network_has_neither_error_nor_warning(name: str) -> None:
    row, data = CALIBRATION["networks"][name], load_data("digits")
    side = row["side"]
    images = F.interpolate(data.test_images[:48], size=(side, side), mode="bilinear", antialias=True)
    images = images.expand(-1, 3, -1, -1).contiguous()
    batches = [(images[at : at + 16], data.test_labels[at : at + 16]) for at in range(0, 48, 16)]
    model = made(name)
    found = judge(look_at_health(model, batches), read_structure(model, (3, side, side)))
    assert [one for one in found if one.severity != "info"] == []


@pytest.mark.full
@pytest.mark.parametrize("name", CALIBRATION["networks"])
def test_a_network_that_is_trained_anew_is_healthy_too(name: str) -> None:
    row = CALIBRATION["networks"][name]
    measured = BENCHMARK["calibrate"](name, row["side"], row["steps"], row["batch"], row["rate"])
    values = {told(rule): measured["trained"].get(BENCHMARK["key_of"](rule), math.nan) for rule in RULES}
    graver = [rule for rule in RULES if rule.severity != "info"]
    assert [told(rule) for rule in graver if rule.fires(values[told(rule)])] == []
    assert measured["accuracy"] > LEARNED
