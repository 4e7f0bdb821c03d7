"""What a landscape costs: 16 × 16 points of ResNet-20 on 2,000 images of 32×32, beside the loop as one would write it.

The loop sets the weights with PyTorch's defaults, float32 in the usual order of memory, at a few points of the same
plane. 180 seconds are what the whole plane may take on two cores.

    python benchmarks/landscape.py
"""

from __future__ import annotations

import argparse
import copy
import sys
import time

import torch
from pairs import machine
from torch import nn
from torch.nn import functional as F

from resnetlab.analysis.landscape import LandscapeSettings, filter_normalised_direction, measure_landscape
from resnetlab.analysis.scoring import Examples
from resnetlab.nn import build
from resnetlab.specs import find_spec
from resnetlab.training.precision import choose_precision

ALLOWED = 180.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet20")
    parser.add_argument("--points", type=int, default=16, help="along each of two directions")
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--plain-points", type=int, default=3, help="points of the loop that is compared with")
    asked = parser.parse_args()

    torch.manual_seed(0)
    spec = find_spec(asked.model)
    model = build(spec).eval()
    images = torch.randn(asked.images, spec.in_channels, spec.input_size, spec.input_size)
    examples = Examples(images, torch.randint(spec.num_classes, (asked.images,)), asked.batch)
    choice = choose_precision("cpu")
    dtype = choice.dtype if choice.precision == "bf16" else None

    began, processor = time.perf_counter(), time.process_time()
    found = measure_landscape(model, examples, LandscapeSettings(points=asked.points, dtype=dtype))
    wall, processor = time.perf_counter() - began, time.process_time() - processor
    points = asked.points**2
    print(machine())
    print(f"{asked.model}, {points} points, {asked.images} images in batches of {asked.batch}, {found.dtype}")
    print(f"{wall:.0f} s, {processor:.0f} s of processors; the loss moves by {found.rounding:.2g} in the middle")
    if asked.plain_points:
        plain = plain_loop(model, examples, asked.plain_points)
        print(f"a point takes {processor / points:.2f} s of processors, {plain:.2f} s as one would write it")
    print(f"allowed {ALLOWED:.0f} s on two cores")
    return 0 if wall <= ALLOWED else 1


def plain_loop(model: nn.Module, examples: Examples, points: int) -> float:
    """Seconds of processors for one point, as the loop in many notebooks does it."""
    twin = copy.deepcopy(model)
    own = [parameter.detach().clone() for parameter in twin.parameters()]
    one, other = (filter_normalised_direction(twin, seed) for seed in (0, 1))
    began = time.process_time()
    with torch.no_grad():
        for point in range(points):
            for parameter, weight, *steps in zip(twin.parameters(), own, one, other, strict=True):
                parameter.copy_(weight + 0.1 * point * steps[0] + 0.1 * steps[1])
            for images, labels in zip(
                examples.images.split(examples.batch_size), examples.labels.split(examples.batch_size), strict=True
            ):
                F.cross_entropy(twin(images), labels).item()
    return (time.process_time() - began) / points


if __name__ == "__main__":
    sys.exit(main())
