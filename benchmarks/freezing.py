"""What freezing the early stages saves of a training step, in one run.

A step of SGD with momentum (forward, loss, backward, update) with stem, layer1 and layer2 frozen, against the same one
with everything trained; the same network, batch and precision. They take turns; the figure is the median of the
ratios, turn by turn, and 1.3 is the least that is promised. Beside it, what `requires_grad = False` in layer1 and
layer2 alone saves, as lessons have it: the stem still learns, so gradients go all the way back.

    python benchmarks/freezing.py --rounds 12
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import torch
from pairs import compare, machine
from torch.nn import functional as F

from resnetlab import create_model
from resnetlab.core.memory import keep_large_blocks
from resnetlab.training.config import Optimiser
from resnetlab.training.freezing import counts, freeze
from resnetlab.training.parameter_groups import parameter_groups

PROMISED = 1.3
CASES = (("resnet18_cifar", 32, 64), ("resnet50", 224, 8))  # network, side of its images, images a step


def training_step(name: str, size: int, batch: int, frozen: tuple[str, ...]) -> Callable[[], object]:
    torch.manual_seed(0)
    model = create_model(name, 10).to(memory_format=torch.channels_last).train()
    freeze(model, frozen)
    total, trainable = counts(model)
    print(f"{name}: {', '.join(frozen) or 'nothing'} frozen, {trainable:,} of {total:,} parameters train")
    optimiser = torch.optim.SGD(parameter_groups(model, Optimiser(lr=1e-3)), 1e-3, 0.9)
    images = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(10, (batch,))

    def step() -> None:
        optimiser.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimiser.step()

    return step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    asked = parser.parse_args()

    keep_large_blocks()
    print(machine())
    gains = []
    for case in CASES:
        whole = training_step(*case, ())
        for frozen in (("stem", "layer1", "layer2"), ("layer1", "layer2")):
            found = compare(training_step(*case, frozen), whole, asked.rounds)
            gain = 1 / found.ratio
            gains += [gain] if "stem" in frozen else []
            print(f"  a step: {found.ours:.0f} ms, with all trained {found.theirs:.0f} ms, {gain:.2f} times faster")
    print(f"promised with the stem frozen: {PROMISED} times")
    return 0 if min(gains) >= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
