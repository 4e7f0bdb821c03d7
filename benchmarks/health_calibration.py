"""What the health rules measure on healthy networks: the figures above which their limits stand.

Twelve networks of ours, torchvision's and timm's, as drawn and after a short training on the digits: three channels,
AdamW on one cycle, seed 0. Those of libraries have 1,000 outputs, of which the digits use ten. For every rule the
largest value over all places is kept, or the smallest where it fires below. Networks that stand in the file are left
as they are, so that an interrupted run goes on.

    python benchmarks/health_calibration.py
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnetlab.actions.networks.references import resolve_model
from resnetlab.analysis import health_rules
from resnetlab.analysis.health_look import HealthLook, look_at_health
from resnetlab.analysis.health_rule import Rule
from resnetlab.analysis.health_rules import RULES
from resnetlab.analysis.health_structure import Structure, read_structure
from resnetlab.core.machine import describe_environment
from resnetlab.data import load_data

FILE = Path(health_rules.__file__).with_name("health_calibration.json")
BATCH, BATCHES = 16, 3
NETWORKS = {  # name → side of the images; of the short training: steps, images in each, highest rate
    "resnet20": (8, 120, 16, 3e-3),
    "plain20": (8, 120, 16, 3e-3),
    "resnet18_cifar[order=pre,width=16]": (8, 120, 16, 3e-3),
    "torchvision:resnet18": (32, 60, 16, 3e-3),
    "torchvision:resnet50": (32, 150, 16, 3e-3),
    "torchvision:vgg11": (32, 120, 64, 3e-4),
    "torchvision:vgg16": (32, 120, 64, 3e-4),
    "torchvision:vgg11_bn": (32, 60, 64, 3e-4),
    "torchvision:vgg16_bn": (32, 80, 64, 3e-4),
    "timm:resnet50": (32, 250, 16, 3e-3),
    "timm:convnext_tiny": (32, 40, 16, 3e-4),
    "timm:efficientnet_b0": (32, 150, 16, 3e-3),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(NETWORKS), help="networks to measure")
    parser.add_argument("--again", action="store_true", help="measure those too that stand in the file")
    parser.add_argument("--file", type=Path, default=FILE, help="to go on with, and to write")
    asked = parser.parse_args()
    content: dict[str, Any] = json.loads(asked.file.read_text()) if asked.file.is_file() else {"networks": {}}
    for when in ("start", "trained"):  # all as drawn first, which is quick
        for name in asked.only:
            side, steps, batch, rate = NETWORKS[name]
            row = content["networks"].setdefault(name, {})
            if when not in row or asked.again:
                row |= {"side": side, "steps": steps, "batch": batch, "rate": rate}
                row |= calibrate(name, side, steps if when == "trained" else 0, batch, rate)
                write(content, asked.file)
    return 0


def calibrate(name: str, side: int, steps: int, batch: int, rate: float) -> dict[str, Any]:
    """What the rules measure on one network, as drawn where there are no steps, else trained."""
    train, test = pictures(side)
    torch.manual_seed(0)
    model = resolve_model(name, untrained=True).module
    structure = read_structure(model, (3, side, side))
    batches = [(test[0][at : at + BATCH], test[1][at : at + BATCH]) for at in range(0, BATCH * BATCHES, BATCH)]
    if not steps:
        return {"start": measured(look_at_health(model, batches), structure)}
    trained_for(model, *train, steps, batch, rate)
    look = look_at_health(model, batches, is_trained=True)
    print(f"{name}: {steps} steps, accuracy {look.outputs.accuracy:.3f}", file=sys.stderr, flush=True)
    return {"accuracy": round(look.outputs.accuracy, 4), "trained": measured(look, structure)}


def measured(look: HealthLook, structure: Structure) -> dict[str, float]:
    """For every rule the value nearest to its limit."""
    values = {}
    for rule in RULES:
        seen = [value for _, value in rule.measure(look, structure) if math.isfinite(value)]
        if seen:
            values[key_of(rule)] = float(f"{(min if rule.fires_below else max)(seen):.4g}")
    return values


def key_of(rule: Rule) -> str:
    """Two rules may have one name."""
    return f"{rule.name} ({rule.measure.__name__})"


def pictures(side: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """The digits in three channels, of so many pixels a side: to train on and to test on."""
    data = load_data("digits")

    def enlarged(images: Tensor) -> Tensor:
        large = F.interpolate(images, size=(side, side), mode="bilinear", antialias=True)
        return large.expand(-1, 3, -1, -1).contiguous()

    return (enlarged(data.train_images), data.train_labels), (enlarged(data.test_images), data.test_labels)


def trained_for(model: nn.Module, images: Tensor, labels: Tensor, steps: int, batch: int, rate: float) -> None:
    """A short training, one cycle of AdamW."""
    torch.manual_seed(0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    model.train()
    for _ in range(steps):
        picked = torch.randint(len(labels), (batch,))
        optimiser.zero_grad()
        F.cross_entropy(model(images[picked]), labels[picked]).backward()
        optimiser.step()
        schedule.step()
    model.eval()


def write(content: dict[str, Any], file: Path) -> None:
    """The file, with the worst of every rule and how it was made."""
    keys: dict[str, Callable[..., float]] = {key_of(rule): min if rule.fires_below else max for rule in RULES}
    looks = [
        network[when] for network in content["networks"].values() for when in ("start", "trained") if when in network
    ]
    content["worst"] = {
        key: worst(look[key] for look in looks if key in look)
        for key, worst in keys.items()
        if any(key in look for look in looks)
    }
    environment = describe_environment()
    content["made"] = {name: environment[name] for name in ("time", "processor", "versions")}
    content["made"]["command"] = "python benchmarks/health_calibration.py"
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
